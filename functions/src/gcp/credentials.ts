/** The credentials of the function's own service account; loaded on first use, because with emulators there is none. */
import { once } from '../once.js';

/** OAuth 2.0 scope of access tokens; the roles of the service account limit what they allow. */
const SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];

export const loadCredentials = once(async () => {
  const { GoogleAuth } = await import('google-auth-library');
  return new GoogleAuth({ scopes: SCOPES });
});

/** Gets an OIDC identity token of the function's own service account. */
export async function fetchIdentityToken(audience: string): Promise<string> {
  const { idTokenProvider } = await (await loadCredentials()).getIdTokenClient(audience);
  return idTokenProvider.fetchIdToken(audience);
}
