/** Metadata of an object changed -> the download token that it may have got is taken away again. */
import type { Config } from '../config/config.js';
import { hashedFolder, ownerOf } from '../domain/path.js';
import type { Backend } from '../gcp/backend.js';
import { DOWNLOAD_TOKENS } from '../gcp/objects.js';
import { withRetryWindow, type Handler } from './retry.js';

/** What Storage says of an object whose metadata has changed. */
export interface ChangedObject {
  bucket: string;
  name: string;
  /** Decimal. */
  generation: string;
  /** Custom metadata. */
  metadata?: Record<string, string>;
  /** When it happened, milliseconds since 1970. */
  time: number;
}

type Locks = Pick<Config, 'bucket' | 'originalsPath' | 'variantsPath' | 'lockOriginals'>;

/**
 * Whether an object is open by a download token and should not be: a rendition never, an original
 * unless LOCK_ORIGINALS is off. Taking the token away is a change of metadata, too; that event finds
 * no token here, so nothing goes round in circles.
 */
export function isOpenOriginal(object: Omit<ChangedObject, 'time'>, config: Locks): boolean {
  if (object.bucket !== config.bucket || !object.metadata?.[DOWNLOAD_TOKENS]) return false;
  if (object.name.startsWith(`${config.variantsPath}/`)) return true;
  return config.lockOriginals && ownerOf(config.originalsPath, object.name) !== undefined;
}

/**
 * Handles one `metadataUpdated` event for which `mustBeLocked`. May be called twice, and late: what
 * appears after it has an event of its own.
 * @throws Error that tells no names, for what will pass by itself: the platform tries again
 */
export async function revokeDownloadTokens(
  object: ChangedObject,
  { backend, ...handler }: Handler & { backend: Pick<Backend, 'objects'> },
): Promise<void> {
  const details = {
    image: hashedFolder(object.bucket, object.name),
    generation: object.generation,
  };
  const words = {
    again: 'a download token is taken away with the next try',
    givenUp: 'a download token could not be taken away: the object is open to whoever has it',
  };
  await withRetryWindow(object.time, handler, details, words, async () => {
    await backend.objects.revokeDownloadTokens(object.name, object.generation);
    handler.log('INFO', 'a download token was taken away', details);
  });
}
