import {
  type Case,
  expectCase,
  bucketWith,
  kit,
  problems,
  update,
} from '../../../../test/cli/doctor/checked.js';
import type { Reply } from '../../../../test/cli/doctor/google-double.js';
import {
  BASE_URL,
  BUCKET,
  BUCKET_BODY,
  FIRESTORE_RULES,
  healthyReplies,
  installationOf,
  KEYS,
  PROJECT,
  PROJECT_POLICY,
  SERVE_404,
  STORAGE_RULES,
} from '../../../../test/cli/doctor/healthy.js';

const fieldName = (group: string, path: string) =>
  `projects/${PROJECT}/databases/(default)/collectionGroups/${group}/fields/${path}`;

const cases: Case[] = [
  [
    'no storage rules are deployed',
    { [KEYS.storageRelease]: { status: 404, body: { error: { code: 404, message: 'gone' } } } },
    'fault',
    /^No rules of Cloud Storage are deployed for the bucket demo-shop\.firebasestorage\.app/,
    [`firebase deploy --only storage --project ${PROJECT}`],
  ],
  [
    'the deployed rules differ',
    {
      [KEYS.firestoreRuleset]: {
        body: { source: { files: [{ name: 'x', content: `${FIRESTORE_RULES}\n// old` }] } },
      },
    },
    'fault',
    /^The deployed rules of Firestore differ from firestore\.rules\.$/,
    [`firebase deploy --only firestore:rules --project ${PROJECT}`],
  ],
  [
    'there is no database',
    { [KEYS.database]: { status: 404, body: { error: { code: 404, message: 'none' } } } },
    'fault',
    /^The project demo-shop has no Firestore database \(default\)/,
    [`gcloud firestore databases create --location=YOUR-LOCATION --project=${PROJECT}`],
  ],
  [
    'the database is in Datastore mode',
    { [KEYS.database]: { body: { type: 'DATASTORE_MODE' } } },
    'fault',
    /^Expected the database \(default\) to be in native mode, found DATASTORE_MODE\.$/,
    [`gcloud firestore databases update --type=firestore-native --project=${PROJECT}`],
  ],
  [
    'fields are indexed',
    {
      [KEYS.fields]: {
        body: {
          fields: [
            ['imageTokens', 'expiresAt'],
            ['imageShares', 'deleteAt'],
          ].map(([group = '', path = '']) => ({
            name: fieldName(group, path),
            indexConfig: { indexes: [{}] },
            ttlConfig: { state: 'ACTIVE' },
          })),
        },
      },
    },
    'warning',
    /imageTokens\.image, imageTokens\.createdAt, images\.variants, imageTokens\.expiresAt, imageShares\.deleteAt\./,
    [`firebase deploy --only firestore:indexes --project ${PROJECT}`],
  ],
  [
    'the bucket does not exist',
    { [KEYS.bucket]: { status: 404, body: { error: { code: 404, message: 'none' } } } },
    'fault',
    /^The bucket demo-shop\.firebasestorage\.app \(BUCKET\) does not exist\.$/,
    [
      `gcloud storage buckets create gs://${BUCKET} --location=YOUR-LOCATION --uniform-bucket-level-access --project=${PROJECT}`,
    ],
  ],
  ...(['allUsers', 'allAuthenticatedUsers'] as const).map((member): Case => [
    `${member} may read the bucket`,
    {
      [KEYS.bucketPolicy]: {
        body: { bindings: [{ role: 'roles/storage.objectViewer', members: [member] }] },
      },
    },
    'fault',
    new RegExp(`^Everybody can bypass the rules .*: ${member} has roles/storage.objectViewer`),
    [
      `gcloud storage buckets remove-iam-policy-binding gs://${BUCKET} --member=${member} --role=roles/storage.objectViewer --all`,
    ],
  ]),
  [
    'public access prevention hides a grant to everybody',
    {
      ...bucketWith({
        iamConfiguration: {
          uniformBucketLevelAccess: { enabled: true },
          publicAccessPrevention: 'enforced',
        },
      }),
      [KEYS.bucketPolicy]: {
        body: { bindings: [{ role: 'roles/storage.objectViewer', members: ['allUsers'] }] },
      },
    },
    'warning',
    /only public access prevention still stops it/,
    [
      `gcloud storage buckets remove-iam-policy-binding gs://${BUCKET} --member=allUsers --role=roles/storage.objectViewer --all`,
    ],
  ],
  [
    'soft delete is on',
    bucketWith({ softDeletePolicy: { retentionDurationSeconds: '604800' } }),
    'warning',
    /keeps deleted and overwritten objects, originals too, for 7 days \(soft delete\)/,
    [`${update} --clear-soft-delete`],
  ],
  [
    'object versioning is on',
    bucketWith({ versioning: { enabled: true } }),
    'warning',
    /noncurrent versions \(object versioning\)/,
    [`${update} --no-versioning`],
  ],
  [
    'a retention policy is set',
    bucketWith({ retentionPolicy: { retentionPeriod: '86400' } }),
    'fault',
    /refuses to delete and overwrite objects for 1 day \(retention policy\)/,
    [`${update} --clear-retention-period`],
  ],
  [
    'PUBLIC_BASE_URL has a page of its own',
    { [KEYS.base]: { status: 200, body: '<!doctype html>' } },
    'fault',
    /^Expected PUBLIC_BASE_URL \(https:\/\/shop\.example\/i\) to answer .* same 404 as serve, found HTTP 200/,
    [`firebase deploy --only hosting --project ${PROJECT}`],
  ],
  [
    'PUBLIC_BASE_URL answers the 404 of another server',
    { [KEYS.base]: { status: 404, body: 'Not found.' } },
    'fault',
    /found a 404 of another server/,
    [`firebase deploy --only hosting --project ${PROJECT}`],
  ],
];

test.each(cases)('reports that %s', (...one) => expectCase(one));

test('reports what the deployed rules open, and what they do not allow', async () => {
  const open = STORAGE_RULES.replace(
    /match \/originals\/\{uid\}\/\{imageId\} \{/,
    'match /originals/{x=**} { allow read: if true; }\n    $&',
  );
  const closed =
    "rules_version = '2';\nservice cloud.firestore { match /databases/{d}/documents { match /x/{y} { allow read; } } }\n";
  expect(open).not.toBe(STORAGE_RULES);
  const ruleset = (content: string) => ({ body: { source: { files: [{ name: 'x', content }] } } });
  const changes = {
    [KEYS.storageRuleset]: ruleset(open),
    [KEYS.firestoreRuleset]: ruleset(closed),
  };
  const found = await problems(changes, installationOf({ rules: {} }));
  expect(found.map(({ level, message }) => `${level} ${message}`)).toEqual([
    expect.stringMatching(/^fault deployed rules of Cloud Storage:\d+:\d+: .*originals/),
    expect.stringMatching(/^fault deployed rules of Firestore:2:\d+: .*image records/),
    expect.stringMatching(/^fault deployed rules of Firestore:2:\d+: .*share records/),
  ]);
});

test('ACLs count without uniform access', async () => {
  const iamConfiguration = { uniformBucketLevelAccess: { enabled: false } };
  const list = (entity: string, role: string) => ({
    body: {
      kind: 'x',
      items: [
        { entity: 'project-owners-1', role: 'OWNER' },
        { entity, role },
      ],
    },
  });
  const found = await problems({
    ...bucketWith({ iamConfiguration }),
    [KEYS.bucketAcl]: list('allAuthenticatedUsers', 'READER'),
    [KEYS.defaultAcl]: list('allUsers', 'READER'),
  });
  expect(found).toMatchObject([
    {
      level: 'fault',
      message: expect.stringContaining('allAuthenticatedUsers is READER in its ACL') as string,
      commands: [`${update} --remove-acl-grant=AllAuthenticatedUsers`],
    },
    {
      level: 'fault',
      message: expect.stringContaining('allUsers is READER in its default object ACL') as string,
      commands: [`${update} --remove-default-object-acl-grant=AllUsers`],
    },
    {
      level: 'warning',
      message: expect.stringContaining('use uniform access') as string,
      commands: [`${update} --uniform-bucket-level-access`],
    },
  ]);
});

test('reports a role of everybody on the project', async () => {
  const binding = { role: 'roles/datastore.viewer', members: ['allAuthenticatedUsers'] };
  const bindings = [...PROJECT_POLICY.bindings, binding];
  const found = await problems({ [KEYS.project]: { body: { bindings } } });
  expect(found).toMatchObject([
    {
      level: 'fault',
      message: expect.stringMatching(
        /^Everybody can bypass all rules: allAuthenticatedUsers has roles\/datastore\.viewer/,
      ) as string,
      commands: [
        `gcloud projects remove-iam-policy-binding ${PROJECT} --member=allAuthenticatedUsers --role=roles/datastore.viewer --all`,
      ],
    },
  ]);
});

test('checks a bucket for renditions, too', async () => {
  const key = 'GET storage.googleapis.com/storage/v1/b/shop-sizes';
  const installation = installationOf({}, { VARIANTS_BUCKET: 'shop-sizes' });
  const found = await problems(
    {
      [key]: { body: { ...BUCKET_BODY, name: 'shop-sizes' } },
      [`${key}/iam`]: {
        body: { bindings: [{ role: 'roles/storage.admin', members: ['allUsers'] }] },
      },
    },
    installation,
  );
  expect(found.map(({ message }) => message)).toEqual([
    expect.stringContaining('bucket shop-sizes: allUsers has roles/storage.admin'),
  ]);
});

const healthyFields = () =>
  (healthyReplies(kit)[KEYS.fields] as { body: { fields: { name: string }[] } }).body.fields;

test.each([
  ['images', 'updatedAt'],
  ['imageShares', 'expiresAt'],
  ['imageTokens', 'createdAt'],
])('reports a TTL policy on %s.%s, which deletes records in use', async (group, path) => {
  const ttl = { name: fieldName(group, path), ttlConfig: { state: 'ACTIVE' } };
  const others = healthyFields().filter(({ name }) => name !== ttl.name);
  const found = await problems({ [KEYS.fields]: { body: { fields: [...others, ttl] } } });
  expect(found).toMatchObject([
    {
      level: 'warning',
      message: expect.stringContaining(`A TTL policy on ${group}.${path}, which`) as string,
      commands: [
        `gcloud firestore fields ttls update ${path} --collection-group=${group} --disable-ttl --project=${PROJECT}`,
      ],
    },
  ]);
});

test.each([
  ['imageTokens', 'expiresAt', {}, 'none'],
  ['imageShares', 'deleteAt', {}, 'none'],
  [
    'imageShares',
    'deleteAt',
    { ttlConfig: { state: 'NEEDS_REPAIR' } },
    'one that Firestore could not apply',
  ],
])('reports that the TTL policy on %s.%s is missing: %j', async (group, path, config, what) => {
  const name = fieldName(group, path);
  const others = healthyFields().filter((field) => field.name !== name);
  const fields = [...others, { name, ...config }];
  await expect(problems({ [KEYS.fields]: { body: { fields } } })).resolves.toMatchObject([
    {
      level: 'warning',
      message: expect.stringContaining(
        `Expected a TTL policy on ${group}.${path}, found ${what}:`,
      ) as string,
      commands: [
        `gcloud firestore fields ttls update ${path} --collection-group=${group} --enable-ttl --project=${PROJECT}`,
      ],
    },
  ]);
});

test('a TTL policy that is being created is healthy', async () => {
  const fields = healthyFields().map((field) =>
    'ttlConfig' in field ? { ...field, ttlConfig: { state: 'CREATING' } } : field,
  );
  await expect(problems({ [KEYS.fields]: { body: { fields } } })).resolves.toEqual([]);
});

test('reports that serve itself does not answer, and a base URL without https or none', async () => {
  const broken = await problems({ [KEYS.serve]: { status: 500 } });
  expect(broken.map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /^Expected https:\/\/us-central1-.*kit-images-serve to answer .*found HTTP 500/,
    ),
  ]);
  const http = installationOf({}, { PUBLIC_BASE_URL: BASE_URL.replace('https', 'http') });
  await expect(problems({}, http)).resolves.toMatchObject([
    { level: 'warning', message: expect.stringContaining('is not https') as string },
  ]);
  const none = await problems({}, installationOf({}, { PUBLIC_BASE_URL: '' }));
  expect(none).toMatchObject([
    { level: 'warning', message: expect.stringContaining('is not set') as string },
  ]);
});

test('a proxy that adds nothing to the 404 of serve is healthy', async () => {
  const headers = { ...SERVE_404.headers, Via: '1.1 varnish', 'X-Served-By': 'cache-fra' };
  await expect(problems({ [KEYS.base]: { ...SERVE_404, headers } })).resolves.toEqual([]);
});

test('DATABASE_ID: its database, rules and index settings are checked', async () => {
  const installation = installationOf({}, { DATABASE_ID: 'photos' });
  const healthy = healthyReplies(kit);
  const { database, fields, firestoreRelease } = KEYS;
  const named = (key: string) => key.replace('(default)', 'photos');
  const release = { [`${firestoreRelease}/photos`]: healthy[firestoreRelease] as Reply };
  const replies = {
    ...release,
    [named(database)]: healthy[database] as Reply,
    [named(fields)]: healthy[fields] as Reply,
  };
  await expect(problems(replies, installation)).resolves.toEqual([]);
  const none = { status: 404, body: { error: { code: 404, message: 'none' } } };
  await expect(
    problems({ ...replies, [named(database)]: none }, installation),
  ).resolves.toMatchObject([
    {
      check: 'firestore',
      message: expect.stringMatching(/has no Firestore database photos,/) as string,
      commands: [
        `gcloud firestore databases create --database=photos --location=YOUR-LOCATION --project=${PROJECT}`,
      ],
    },
  ]);
});
