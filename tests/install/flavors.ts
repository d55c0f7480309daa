/** Firebase projects of users, before anything is installed. */
import { MONOREPO, TYPICAL } from '../../functions/test/cli/init/user-project.js';

export type Flavor = 'empty' | 'typical' | 'monorepo';

interface FlavorFiles {
  files: Record<string, string>;
  /** Folders with functions of the user. */
  sources: string[];
  /** Target of firebase.json whose rules protect the bucket. */
  target?: string;
  /** Arguments for `init`, besides those that every project needs. */
  flags: string[];
  /** Names of the user's functions, as they are deployed. */
  functions: string[];
}

/** The user's own rules, with wildcards that reach no path of an installation. */
const STORAGE_RULES = `rules_version = '2';
service firebase.storage {
  match /b/{bucket}/o {
    match /public/{path=**} {
      allow read: if true;
    }
    match /avatars/{uid}/{file} {
      allow read, write: if request.auth.uid == uid;
    }
  }
}
`;
const FIRESTORE_RULES = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /{path=**}/comments/{id} {
      allow read: if true;
    }
    match /posts/{id} {
      allow read: if true;
      allow write: if request.auth != null;
    }
  }
}
`;

/** Rules with which many projects start: every signed-in user may read everything. */
export const OPEN_STORAGE_RULES = `rules_version = '2';
service firebase.storage {
  match /b/{bucket}/o {
    match /{allPaths=**} {
      allow read, write: if request.auth != null;
    }
  }
}
`;

const TYPICAL_JSON = (TYPICAL['firebase.json'] ?? '').replace(
  '"storage": { "rules": "storage.rules" }',
  '"storage": [{ "target": "uploads", "rules": "storage.rules" }]',
);

/** @param bucket that users upload to; @param project id of the Google Cloud project */
export function flavorFiles(flavor: Flavor, project: string, bucket: string): FlavorFiles {
  const rc = (targets: object) =>
    JSON.stringify({ projects: { default: project }, targets: { [project]: targets } });
  if (flavor === 'empty') {
    return { files: { 'firebase.json': '{}\n' }, sources: [], flags: [], functions: [] };
  }
  if (flavor === 'typical') {
    const files = {
      ...TYPICAL,
      'firebase.json': TYPICAL_JSON,
      '.firebaserc': rc({ storage: { uploads: [bucket] } }),
      'storage.rules': STORAGE_RULES,
      'firestore.rules': FIRESTORE_RULES,
      'public/index.html': '<!doctype html><title>App</title>\n',
    };
    const sources = ['functions'];
    return { files, sources, target: 'uploads', flags: [], functions: ['hello'] };
  }
  const files = {
    ...MONOREPO,
    '.firebaserc': rc({
      hosting: { web: [`${project}-web`], admin: [`${project}-admin`] },
      storage: { uploads: [bucket], backups: [`${project}-backups`] },
    }),
    'rules/uploads.rules': STORAGE_RULES,
    'rules/default.rules': FIRESTORE_RULES,
    'apps/web/dist/index.html': '<!doctype html><title>App</title>\n',
    'apps/admin/dist/index.html': '<!doctype html><title>Admin</title>\n',
  };
  return {
    files,
    sources: ['apps/api', 'apps/jobs'],
    target: 'uploads',
    flags: ['--storage-target', 'uploads', '--hosting-site', 'web'],
    functions: ['hello'],
  };
}
