/** SHA-256 over WebCrypto. */
import { toBase64Url } from '../../../functions/src/domain/seal-codec.js';

/** base64url(SHA-256(data)), 43 characters. */
export async function digestOf(data: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}
