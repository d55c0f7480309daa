/** Who is asking: the project's own servers, or a client that the security rules judge. */
import { Code, StatusError } from './errors.js';

/** What security rules see as `request.auth`. */
export interface Auth {
  uid: string;
  token: Record<string, unknown>;
}

/** `owner` passes by the rules, as the Admin SDK does; a client is judged by them. */
export type Caller = { kind: 'owner' } | { kind: 'client'; auth: Auth | null };

const owner: Caller = { kind: 'owner' };

/**
 * Reads an Authorization header. `Bearer owner` is the Admin SDK; any other bearer is a token of
 * the auth emulator, which nobody signs, so it is decoded and believed.
 */
export function identifyCaller(authorization: string | undefined): Caller {
  if (!authorization) return { kind: 'client', auth: null };
  const bearer = /^Bearer (\S+)$/i.exec(authorization)?.[1];
  if (bearer === 'owner') return owner;
  const token = bearer === undefined ? undefined : decodePayload(bearer);
  const uid = token?.['user_id'] ?? token?.['sub'];
  if (!token || typeof uid !== 'string' || uid === '') {
    throw new StatusError(Code.UNAUTHENTICATED, 'The Authorization header holds no usable token.');
  }
  return { kind: 'client', auth: { uid, token } };
}

function decodePayload(jwt: string): Record<string, unknown> | undefined {
  const payload = jwt.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims)
      ? (claims as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
