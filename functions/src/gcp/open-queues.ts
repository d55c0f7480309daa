/** Opens the queues with the project and the service account of the function. */
import { GoogleAuth } from 'google-auth-library';
import type { Config, Environment } from '../config/config.js';
import { openQueues, type Queues } from './queues.js';

/** OAuth 2.0 scope of the access token; the roles of the service account limit what it allows. */
const SCOPES = ['https://www.googleapis.com/auth/cloud-tasks'];

/** @param environment usually `process.env`; names the instance and, in development, the emulator */
export function openProjectQueues(
  { projectId, location }: Pick<Config, 'projectId' | 'location'>,
  environment: Environment,
): Queues {
  const auth = new GoogleAuth({ scopes: SCOPES });
  return openQueues({
    projectId,
    location,
    environment,
    accessToken: async () => (await auth.getAccessToken()) ?? '',
    identityToken: async (audience) => {
      const { idTokenProvider } = await auth.getIdTokenClient(audience);
      return idTokenProvider.fetchIdToken(audience);
    },
  });
}
