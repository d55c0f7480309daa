/** Converts the ID token of a client to the value of `request.auth`. */

export interface ClientAuth {
  uid: string;
  token: Record<string, unknown>;
}

/**
 * Decodes an ID token of the Auth emulator. The signature is not verified, as in the official
 * emulators: their tokens are unsigned.
 * @returns undefined if the text is not a JWT or has no user id
 */
export function authOfToken(jwt: string): ClientAuth | undefined {
  const payload = jwt.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined;
    const token = claims as Record<string, unknown>;
    const uid = token['user_id'] ?? token['sub'];
    return typeof uid === 'string' && uid !== '' ? { uid, token } : undefined;
  } catch {
    return undefined;
  }
}
