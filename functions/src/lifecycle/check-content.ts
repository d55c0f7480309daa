/** Asks the content filter about an upload, before any of it is public. */
import type { Owner } from '../domain/path.js';
import type { OriginalInfo } from '../domain/records.js';
import { ImageFailure } from '../errors.js';
import type { ProcessingContext } from './context.js';
import { imageDetails } from './image-details.js';

/**
 * @returns the state that the image gets once it is processed
 * @throws ImageFailure `content-rejected`
 */
export async function checkContent(
  owner: Owner,
  original: OriginalInfo,
  { config, askFilter, log }: ProcessingContext,
): Promise<'ready' | 'held'> {
  if (config.filter === undefined || askFilter === undefined) return 'ready';
  const { bucket, name, generation, contentType, bytes } = original;
  try {
    const verdict = await askFilter({ ...owner, bucket, name, generation, contentType, bytes });
    if (verdict !== 'reject') return verdict === 'hold' ? 'held' : 'ready';
  } catch (error) {
    const { onFailure } = config.filter;
    const message = 'the content filter gave no verdict; FILTER_FAILURE decides';
    log('WARNING', message, { ...imageDetails(original, error), verdict: onFailure });
    return onFailure === 'hold' ? 'held' : 'ready';
  }
  throw new ImageFailure('content-rejected', 'expected the verdict allow or hold, found reject');
}
