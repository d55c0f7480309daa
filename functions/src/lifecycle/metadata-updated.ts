/** Handles changed metadata of an object: revokes its download tokens. */
import type { Config } from '../config/config.js';
import { isOriginalName } from '../domain/path.js';
import type { Backend } from '../gcp/backend.js';
import { DOWNLOAD_TOKENS } from '../gcp/objects.js';
import type { RetryContext } from './context.js';
import { imageDetails } from './image-details.js';
import { withRetryWindow, type RetryMessages } from './retry.js';

/** The object of a `metadataUpdated` event. */
export interface UpdatedObject {
  bucket: string;
  name: string;
  /** Cloud Storage generation, decimal. */
  generation: string;
  /** Custom metadata. */
  metadata?: Record<string, string>;
  /** Time of the event, milliseconds since 1970. */
  time: number;
}

type StorageConfig = Pick<
  Config,
  'bucket' | 'variantsBucket' | 'originalsPath' | 'variantsPath' | 'lockOriginals'
>;

/** A revocation is retried whatever the error is. */
const MESSAGES: RetryMessages = {
  willRetry: 'failed to revoke download token, will retry',
  exhausted:
    'failed to revoke download token, retries exhausted: anyone who has the token can download the object',
};

/**
 * Whether an object has a download token that must be revoked: any rendition, and any original, even one with
 * invalid ids, unless LOCK_ORIGINALS is false. Revoking changes metadata too; that event finds no token, so there is no loop.
 */
export function mustRevokeDownloadTokens(
  object: Omit<UpdatedObject, 'time'>,
  config: StorageConfig,
): boolean {
  if (object.bucket !== config.bucket || !object.metadata?.[DOWNLOAD_TOKENS]) return false;
  const mayBeRendition = config.variantsBucket === config.bucket;
  if (mayBeRendition && object.name.startsWith(`${config.variantsPath}/`)) return true;
  return config.lockOriginals && isOriginalName(config.originalsPath, object.name);
}

/**
 * Handles one `metadataUpdated` event of an object for which `mustRevokeDownloadTokens` holds. The event may
 * be delivered late or more than once; a token that is added later causes its own event.
 * @throws Error whose message contains no names, for transient errors: the platform retries
 */
export async function revokeDownloadTokens(
  object: UpdatedObject,
  { backend, ...context }: RetryContext & { backend: Pick<Backend, 'objects'> },
): Promise<void> {
  const details = imageDetails(object);
  const retry = { time: object.time, details, messages: MESSAGES };
  await withRetryWindow(retry, context, async () => {
    await backend.objects.revokeDownloadTokens(object.name, object.generation);
    const afterMs = context.now() - object.time;
    context.log('INFO', 'revoked download token', { ...details, afterMs });
  });
}
