/** The responses of Google about an installation without faults. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '../../../src/config/config.js';
import {
  DECLARED,
  DECLARED_NAMES,
  namesOf,
  type DeclaredName,
} from '../../../src/cli/doctor/installation/declared.js';
import {
  deployedName,
  type Installation,
} from '../../../src/cli/doctor/installation/installation.js';
import { REQUEST_FAILURES } from '../../../src/errors.js';
import type { Replies, Reply } from './google-double.js';

const ROOT = join(__dirname, '..', '..', '..', '..');
export const readRoot = (file: string) => readFileSync(join(ROOT, file), 'utf8');

export const PROJECT = 'demo-shop';
export const BUCKET = 'demo-shop.firebasestorage.app';
export const BASE_URL = 'https://shop.example/i';
export const ACCOUNT = 'kit-images@demo-shop.iam.gserviceaccount.com';
export const STORAGE_AGENT = 'service-123456789012@gs-project-accounts.iam.gserviceaccount.com';

export const STORAGE_RULES = readRoot('storage.rules');
export const FIRESTORE_RULES = readRoot('firestore.rules');
export const INDEXES = readRoot('firestore.indexes.json');

const { fieldOverrides } = JSON.parse(INDEXES) as Pick<Installation, 'fieldOverrides'>;

export function installationOf(
  overrides: Partial<Installation> = {},
  parameters: Record<string, string> = {},
): Installation {
  const config = parseConfig({
    BUCKET,
    PUBLIC_BASE_URL: BASE_URL,
    GCLOUD_PROJECT: PROJECT,
    ...parameters,
  });
  return {
    projectId: PROJECT,
    kind: 'kit',
    instance: 'images',
    config,
    version: '0.1.0',
    rules: {
      storage: { file: 'storage.rules', text: STORAGE_RULES },
      firestore: { file: 'firestore.rules', text: FIRESTORE_RULES },
    },
    fieldOverrides,
    ...overrides,
  };
}

/** The response of `serve` to an unknown token. */
export const SERVE_404: Reply = {
  status: 404,
  headers: {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'Cache-Control': 'no-store',
  },
  body: REQUEST_FAILURES['not-found'].publicMessage,
};

/** https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions#Function */
export function functionsBody(installation: Installation) {
  return {
    functions: DECLARED_NAMES.map((name) => {
      const trigger = DECLARED[name];
      const id = deployedName(installation, name);
      const parent = `projects/${PROJECT}/locations/us-central1`;
      const isFirstGeneration = installation.kind === 'extension' && trigger.kind !== 'storage';
      return {
        name: `${parent}/functions/${id}`,
        environment: isFirstGeneration ? 'GEN_1' : 'GEN_2',
        state: 'ACTIVE',
        updateTime: '2026-11-20T10:00:00.123456789Z',
        labels: { 'deployment-tool': 'cli-firebase', 'firebase-functions-hash': 'a1b2c3d4' },
        buildConfig: { runtime: 'nodejs24', entryPoint: name },
        serviceConfig: {
          ...(!isFirstGeneration && { service: `${parent}/services/${id.toLowerCase()}` }),
          serviceAccountEmail: ACCOUNT,
          availableMemory: '256Mi',
          ingressSettings: 'ALLOW_ALL',
        },
        ...(trigger.kind === 'storage' && {
          eventTrigger: {
            trigger: `projects/${PROJECT}/locations/us-central1/triggers/${id.toLowerCase()}-123456`,
            triggerRegion: 'us-central1',
            eventType: trigger.eventType,
            eventFilters: [{ attribute: 'bucket', value: BUCKET }],
            pubsubTopic: `projects/${PROJECT}/topics/eventarc-us-central1-${id.toLowerCase()}`,
            serviceAccountEmail: ACCOUNT,
            retryPolicy: 'RETRY_POLICY_RETRY',
          },
        }),
      };
    }),
  };
}

/** https://cloud.google.com/storage/docs/json_api/v1/buckets#resource */
export const BUCKET_BODY = {
  kind: 'storage#bucket',
  id: BUCKET,
  name: BUCKET,
  location: 'US-CENTRAL1',
  locationType: 'region',
  iamConfiguration: {
    bucketPolicyOnly: { enabled: true },
    uniformBucketLevelAccess: { enabled: true, lockedTime: '2027-02-01T00:00:00.000Z' },
    publicAccessPrevention: 'inherited',
  },
  softDeletePolicy: { retentionDurationSeconds: '0' },
};

export const KEYS = {
  functions: `GET cloudfunctions.googleapis.com/v2/projects/${PROJECT}/locations/-/functions`,
  project: `POST cloudresourcemanager.googleapis.com/v3/projects/${PROJECT}:getIamPolicy`,
  agent: `GET storage.googleapis.com/storage/v1/projects/${PROJECT}/serviceAccount`,
  queues: `GET cloudtasks.googleapis.com/v2/projects/${PROJECT}/locations/us-central1/queues`,
  storageRelease: `GET firebaserules.googleapis.com/v1/projects/${PROJECT}/releases/firebase.storage/${BUCKET}`,
  storageRuleset: `GET firebaserules.googleapis.com/v1/projects/${PROJECT}/rulesets/5t0rage`,
  firestoreRelease: `GET firebaserules.googleapis.com/v1/projects/${PROJECT}/releases/cloud.firestore`,
  firestoreRuleset: `GET firebaserules.googleapis.com/v1/projects/${PROJECT}/rulesets/f1restore`,
  database: `GET firestore.googleapis.com/v1/projects/${PROJECT}/databases/(default)`,
  fields: `GET firestore.googleapis.com/v1/projects/${PROJECT}/databases/(default)/collectionGroups/-/fields`,
  bucket: `GET storage.googleapis.com/storage/v1/b/${BUCKET}`,
  bucketPolicy: `GET storage.googleapis.com/storage/v1/b/${BUCKET}/iam`,
  bucketAcl: `GET storage.googleapis.com/storage/v1/b/${BUCKET}/acl`,
  defaultAcl: `GET storage.googleapis.com/storage/v1/b/${BUCKET}/defaultObjectAcl`,
  servePolicy: `GET run.googleapis.com/v2/projects/${PROJECT}/locations/us-central1/services/kit-images-serve:getIamPolicy`,
  serveService: `GET run.googleapis.com/v2/projects/${PROJECT}/locations/us-central1/services/kit-images-serve`,
  base: 'GET shop.example/i/*',
  serve: `GET us-central1-${PROJECT}.cloudfunctions.net/kit-images-serve/*`,
  extension: `GET firebaseextensions.googleapis.com/v1beta/projects/${PROJECT}/instances/images`,
} as const;

/** The policy of a project: https://cloud.google.com/iam/docs/reference/rest/v1/Policy */
export const PROJECT_POLICY = {
  version: 3,
  etag: 'BwY=',
  bindings: [
    { role: 'roles/owner', members: ['user:admin@example.com'] },
    ...['cloudtasks.enqueuer', 'datastore.user', 'eventarc.eventReceiver', 'run.invoker'].map(
      (role) => ({ role: `roles/${role}`, members: [`serviceAccount:${ACCOUNT}`] }),
    ),
    { role: 'roles/pubsub.publisher', members: [`serviceAccount:${STORAGE_AGENT}`] },
  ],
};

const PUBLIC_POLICY = { bindings: [{ role: 'roles/run.invoker', members: ['allUsers'] }] };

/** The request for who may call a function. */
export function invokersKey(name: DeclaredName, installation: Installation): string {
  const id = deployedName(installation, name);
  const parent = `projects/${PROJECT}/locations/us-central1`;
  const isFirstGeneration = installation.kind === 'extension' && DECLARED[name].kind !== 'storage';
  return isFirstGeneration
    ? `GET cloudfunctions.googleapis.com/v1/${parent}/functions/${id}:getIamPolicy`
    : `GET run.googleapis.com/v2/${parent}/services/${id.toLowerCase()}:getIamPolicy`;
}

/** Every response about a kit, or about an extension. */
export function healthyReplies(installation: Installation): Replies {
  const { kind, projectId } = installation;
  const queues = DECLARED_NAMES.filter((name) => DECLARED[name].kind === 'tasks').map((name) => ({
    name: `projects/${projectId}/locations/us-central1/queues/${deployedName(installation, name)}`,
    state: 'RUNNING',
    rateLimits: { maxDispatchesPerSecond: 500 },
  }));
  const invokers = DECLARED_NAMES.filter((name) =>
    ['storage', 'tasks'].includes(DECLARED[name].kind),
  ).map((name): [string, Reply] => [invokersKey(name, installation), { body: { etag: 'BwY=' } }]);
  const serve = deployedName(installation, 'serve');
  const ruleset = (name: string, content: string): Reply => ({
    body: { name, source: { files: [{ name: 'x.rules', content, fingerprint: 'AAA=' }] } },
  });
  const release = (id: string): Reply => ({
    body: {
      name: `projects/${projectId}/releases/x`,
      rulesetName: `projects/${projectId}/rulesets/${id}`,
      createTime: '2026-11-20T10:00:00Z',
      updateTime: '2026-11-20T10:00:00Z',
    },
  });
  return {
    [KEYS.functions]: { body: functionsBody(installation) },
    [KEYS.project]: { body: PROJECT_POLICY },
    [KEYS.agent]: {
      body: { kind: 'storage#serviceAccount', email_address: STORAGE_AGENT },
    },
    [KEYS.queues]: { body: { queues } },
    [KEYS.storageRelease]: release('5t0rage'),
    [KEYS.storageRuleset]: ruleset('5t0rage', STORAGE_RULES),
    [KEYS.firestoreRelease]: release('f1restore'),
    [KEYS.firestoreRuleset]: ruleset('f1restore', FIRESTORE_RULES),
    [KEYS.database]: {
      body: {
        name: `projects/${projectId}/databases/(default)`,
        locationId: 'nam5',
        type: 'FIRESTORE_NATIVE',
      },
    },
    [KEYS.fields]: {
      body: {
        fields: installation.fieldOverrides.map(({ collectionGroup, fieldPath, ttl }) => ({
          name: `projects/${projectId}/databases/(default)/collectionGroups/${collectionGroup}/fields/${fieldPath}`,
          // Google leaves out empty lists.
          indexConfig: { ancestorField: 'x' },
          ...(ttl && { ttlConfig: { state: 'ACTIVE' } }),
        })),
      },
    },
    [KEYS.bucket]: { body: BUCKET_BODY },
    [KEYS.bucketPolicy]: {
      body: {
        kind: 'storage#policy',
        version: 1,
        bindings: [
          { role: 'roles/storage.legacyBucketOwner', members: [`projectOwner:${projectId}`] },
        ],
      },
    },
    ...Object.fromEntries(invokers),
    ...(kind === 'kit'
      ? {
          [KEYS.servePolicy]: { body: PUBLIC_POLICY },
          [KEYS.serveService]: {
            body: { name: serve, ingress: 'INGRESS_TRAFFIC_ALL', uri: 'https://x.a.run.app' },
          },
        }
      : {
          [KEYS.extension]: {
            body: {
              name: `projects/${projectId}/instances/images`,
              state: 'ACTIVE',
              config: { source: { spec: { name: 'storage-public-variants', version: '0.1.0' } } },
            },
          },
          [`GET cloudfunctions.googleapis.com/v1/projects/${PROJECT}/locations/us-central1/functions/${serve}:getIamPolicy`]:
            {
              body: {
                bindings: [{ role: 'roles/cloudfunctions.invoker', members: ['allUsers'] }],
              },
            },
          // The Extensions service grants it on each function.
          ...Object.fromEntries(
            namesOf('tasks').map((name): [string, Reply] => [
              invokersKey(name, installation),
              {
                body: {
                  bindings: [
                    {
                      role: 'roles/cloudfunctions.invoker',
                      members: [`serviceAccount:${ACCOUNT}`],
                    },
                  ],
                },
              },
            ]),
          ),
        }),
    [`GET us-central1-${projectId}.cloudfunctions.net/${serve}/*`]: SERVE_404,
    [KEYS.base]: SERVE_404,
  };
}
