/** Who is asking: the project's own servers, or a client that the security rules judge. */
import { authOfToken, type ClientAuth } from 'firebase-rules-check';
import { Code, StatusError } from './errors.js';

/** `owner` passes by the rules, as the Admin SDK does; a client is judged by them. */
export type Caller = { kind: 'owner' } | { kind: 'client'; auth: ClientAuth | null };

const owner: Caller = { kind: 'owner' };

/**
 * Reads an Authorization header. `Bearer owner` is the Admin SDK; any other bearer is a token of
 * the auth emulator.
 */
export function identifyCaller(authorization: string | undefined): Caller {
  if (!authorization) return { kind: 'client', auth: null };
  const bearer = /^Bearer (\S+)$/i.exec(authorization)?.[1];
  if (bearer === 'owner') return owner;
  const auth = bearer === undefined ? undefined : authOfToken(bearer);
  if (auth === undefined) {
    throw new StatusError(Code.UNAUTHENTICATED, 'The Authorization header holds no usable token.');
  }
  return { kind: 'client', auth };
}
