/** The caller of a request: the project's own servers, or a client subject to the security rules. */
import { authOfToken, type ClientAuth } from 'firebase-rules-check';
import { Code, StatusError } from './errors.js';

/** `owner` bypasses the security rules, like the Admin SDK; a client is subject to them. */
export type Caller = { kind: 'owner' } | { kind: 'client'; auth: ClientAuth | null };

const owner: Caller = { kind: 'owner' };

/**
 * Reads an Authorization header. `Bearer owner` is the Admin SDK; any other bearer token is an ID
 * token of the Auth emulator, of `createMockUserToken` or of Firebase Authentication. As in Google's
 * emulator neither the signature nor the expiry is checked: mock tokens expired in 1970.
 * @throws StatusError INVALID_ARGUMENT when the header holds no usable token, as Google's emulator:
 *   SDKs retry an UNAUTHENTICATED request for ever
 */
export function identifyCaller(authorization: string | undefined): Caller {
  if (!authorization) return { kind: 'client', auth: null };
  const bearer = /^Bearer (\S+)$/i.exec(authorization)?.[1];
  if (bearer === 'owner') return owner;
  const auth = bearer === undefined ? undefined : authOfToken(bearer);
  if (auth === undefined) {
    throw new StatusError(
      Code.INVALID_ARGUMENT,
      'Expected "Bearer owner" or "Bearer <ID token>" in the Authorization header, found something else.',
    );
  }
  return { kind: 'client', auth };
}
