/** The details of a log line about one object: a hash instead of its name. */
import { hashedFolder } from '../domain/path.js';
import { logDetails } from '../log.js';

/**
 * @param object usually the original
 * @param error what was thrown, if anything
 */
export function imageDetails(
  { bucket, name, generation }: { bucket: string; name: string; generation?: string },
  error?: unknown,
): Record<string, unknown> {
  return logDetails({ image: hashedFolder(bucket, name), generation, error });
}
