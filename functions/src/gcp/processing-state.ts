/** What an instance of the extension tells the Firebase console about its backfill. */
import { getExtensions } from 'firebase-admin/extensions';
import type { Environment } from '../config/config.js';
import { reasonOf } from '../errors.js';
import type { Progress } from '../domain/backfill-progress.js';

type Log = (severity: 'WARNING', message: string, details: object) => void;

/**
 * Once the backfill has come to its end, or has `stopped` before; quiet in a function kit, which has no
 * such state.
 */
export async function reportProcessingState(
  progress: Progress | 'stopped',
  environment: Environment,
  log: Log,
  runtime: Pick<ReturnType<ReturnType<typeof getExtensions>['runtime']>, 'setProcessingState'> = {
    setProcessingState: (...told) =>
      getExtensions()
        .runtime()
        .setProcessingState(...told),
  },
): Promise<void> {
  if (!environment['EXT_INSTANCE_ID']) return;
  if (progress !== 'stopped' && progress.state !== 'done') return;
  try {
    const { state, told } = stateOf(progress);
    await runtime.setProcessingState(state, told);
  } catch (error) {
    // The work is done; that the console does not say so must not have it done again.
    log('WARNING', 'the state of the extension could not be set', { reason: reasonOf(error) });
  }
}

function stateOf(progress: Progress | 'stopped') {
  if (progress === 'stopped') {
    const told = 'Not all images were looked at. Call startBackfill to start again.';
    return { state: 'PROCESSING_FAILED', told } as const;
  }
  const { total, failed } = progress;
  const told = `${total} images were looked at, ${failed} of them could not be made.`;
  const state = failed > 0 ? 'PROCESSING_WARNING' : 'PROCESSING_COMPLETE';
  return { state, told } as const;
}
