/** The user's own credentials, for the command line tool. */
import { GoogleAuth } from 'google-auth-library';

/** Covers every Google Cloud and Firebase API; what is allowed depends on the roles of the account. */
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/**
 * Gets access tokens of Application Default Credentials: `gcloud auth application-default login`, a service account in
 * continuous integration, or the machine's own.
 * @see https://cloud.google.com/docs/authentication/application-default-credentials
 */
export function openAccessTokens(): () => Promise<string> {
  const auth = new GoogleAuth({ scopes: [SCOPE] });
  return async () => (await auth.getAccessToken()) ?? '';
}
