/** Two old images, and `migrate run` on them, for tests of the subcommands. */
import { NO_PARAMETERS } from '../../../src/cli/migrate/extension.js';
import { openJournal } from '../../../src/cli/migrate/journal.js';
import { parseMapping } from '../../../src/cli/migrate/mapping.js';
import { run } from '../../../src/cli/migrate/run.js';
import { imageIdOf, survey } from '../../../src/cli/migrate/survey.js';
import { parseConfig } from '../../../src/config/config.js';
import { openOldProject, tokenOf, urlOf, type OldProject } from './old-project.js';

const CONFIG = parseConfig({ BUCKET: 'bucket', GCLOUD_PROJECT: 'p' });
export const SCOPE = {
  project: 'p',
  from: 'gs://bucket/',
  to: 'gs://bucket/originals/{uid}/{imageId}',
};
const MAPPING = {
  owner: [{ path: 'users/{uid}/**' }],
  documents: [{ collection: 'posts', url: 'url', more: ['thumb'], token: 'token' }],
};

/** Two images with a resized file and a document each, and one without an owner. */
export function openProject(): OldProject {
  const project = openOldProject();
  for (const [id, uid] of [
    ['cat', 'alice'],
    ['dog', 'bob'],
  ] as const) {
    const name = `users/${uid}/${id}.jpg`;
    const small = `users/${uid}/${id}_200x200.jpg`;
    project.put(name, { metadata: tokenOf(name) });
    project.put(small, { metadata: { resizedImage: 'true', ...tokenOf(small) } });
    project.documents.set(`posts/${id}`, { url: urlOf(name), thumb: urlOf(small) });
  }
  project.put('logo.jpg', { metadata: tokenOf('logo.jpg') });
  return project;
}

export const surveyOf = (project: OldProject) =>
  survey({
    ...{ migration: project.migration, config: CONFIG, extension: NO_PARAMETERS },
    mapping: parseMapping(JSON.stringify(MAPPING), 'map.json'),
    onProgress: () => {},
  });

export const idOf = (name: string) => imageIdOf({ bucket: 'bucket', name });
export const tokenFor = (name: string) => `token-of-${idOf(name)}`;

/**
 * Runs the migration; waiting takes no time.
 * @param journal a file
 */
export async function migrateAll(project: OldProject, journal: string) {
  let time = 0;
  return run(
    await surveyOf(project),
    { concurrency: 2, waitMs: 1000 },
    {
      ...project,
      journal: openJournal(journal, SCOPE),
      now: () => time,
      wait: (ms) => Promise.resolve(void (time += ms)),
      onProgress: () => {},
    },
  );
}
