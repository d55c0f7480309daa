/** Reports the state of the backfill to the Firebase console, for an instance of the extension. */
import { getExtensions } from 'firebase-admin/extensions';
import type { Environment } from '../config/config.js';
import { logDetails, type Log } from '../log.js';
import type { Progress } from '../domain/backfill-progress.js';

/**
 * Reports a backfill that has completed, or `stopped` early. Does nothing before that, and nothing in a
 * function kit, which has no such state.
 */
export async function reportProcessingState(
  progress: Progress | 'stopped',
  environment: Environment,
  log: Log,
  runtime: Pick<ReturnType<ReturnType<typeof getExtensions>['runtime']>, 'setProcessingState'> = {
    setProcessingState: (...state) =>
      getExtensions()
        .runtime()
        .setProcessingState(...state),
  },
): Promise<void> {
  if (!environment['EXT_INSTANCE_ID']) return;
  if (progress !== 'stopped' && progress.state !== 'done') return;
  try {
    const { state, message } = stateOf(progress);
    await runtime.setProcessingState(state, message);
  } catch (error) {
    // Not thrown: a retry would repeat the backfill, which has completed.
    log('WARNING', 'failed to set the processing state of the extension', logDetails({ error }));
  }
}

function stateOf(progress: Progress | 'stopped') {
  if (progress === 'stopped') {
    const message = 'The backfill stopped early. Call startBackfill to start again.';
    return { state: 'PROCESSING_FAILED', message } as const;
  }
  const { total, failed } = progress;
  const message = `${total} images checked, ${failed} of them could not be processed.`;
  const state = failed > 0 ? 'PROCESSING_WARNING' : 'PROCESSING_COMPLETE';
  return { state, message } as const;
}
