/** Opens the queues with the project and the service account of the function. */
import type { Config, Environment } from '../config/config.js';
import { fetchIdentityToken, loadCredentials } from './credentials.js';
import { openQueues, type Queues } from './queues.js';

/** @param environment usually `process.env`; names the instance and, in development, the emulator */
export function openProjectQueues(
  { projectId, location }: Pick<Config, 'projectId' | 'location'>,
  environment: Environment,
): Queues {
  return openQueues({
    projectId,
    location,
    environment,
    accessToken: async () => (await (await loadCredentials()).getAccessToken()) ?? '',
    identityToken: fetchIdentityToken,
  });
}
