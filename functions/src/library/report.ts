/** What an instance of the extension tells the Firebase console about its backfill. */
import { getExtensions } from 'firebase-admin/extensions';
import type { Environment } from '../config/config.js';
import { reasonOf } from '../errors.js';
import type { Progress } from './progress.js';

type Log = (severity: 'WARNING', message: string, details: object) => void;

/** Once the backfill has come to its end; quiet in a function kit, which has no such state. */
export async function tellExtension(
  { state, total, failed }: Progress,
  environment: Environment,
  log: Log,
  runtime: Pick<ReturnType<ReturnType<typeof getExtensions>['runtime']>, 'setProcessingState'> = {
    setProcessingState: (...told) =>
      getExtensions()
        .runtime()
        .setProcessingState(...told),
  },
): Promise<void> {
  if (!environment['EXT_INSTANCE_ID'] || state !== 'done') return;
  const told = `${total} images were looked at, ${failed} of them could not be made.`;
  try {
    await runtime.setProcessingState(
      failed > 0 ? 'PROCESSING_WARNING' : 'PROCESSING_COMPLETE',
      told,
    );
  } catch (error) {
    // The work is done; that the console does not say so must not have it done again.
    log('WARNING', 'the state of the extension could not be set', { reason: reasonOf(error) });
  }
}
