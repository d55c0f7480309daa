/** The token of a signed-in client -> what rules see as `request.auth`. */

export interface ClientAuth {
  uid: string;
  token: Record<string, unknown>;
}

/**
 * Reads an ID token of the auth emulator, which nobody signs: as in the official emulators it is
 * decoded and believed.
 * @returns undefined when it is no JWT or tells no user
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
