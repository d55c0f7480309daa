import { findings, problems } from '../../../../test/cli/doctor/checked.js';
import {
  denied,
  disabled,
  storageDenied,
  type Reply,
} from '../../../../test/cli/doctor/google-double.js';
import { KEYS, PROJECT } from '../../../../test/cli/doctor/healthy.js';
import type { Finding } from './finding.js';

const permissions: [string, string, Reply, Finding['check'][]][] = [
  [
    KEYS.functions,
    'cloudfunctions.functions.list',
    denied('cloudfunctions.functions.list'),
    ['functions'],
  ],
  [
    KEYS.project,
    'resourcemanager.projects.getIamPolicy',
    denied('resourcemanager.projects.getIamPolicy'),
    ['events'],
  ],
  [KEYS.agent, 'storage.projects.get', storageDenied('storage.projects.get'), ['events']],
  [KEYS.queues, 'cloudtasks.queues.list', denied('cloudtasks.queues.list'), ['queues']],
  // Without details: the permission that the reference page names.
  [
    KEYS.storageRelease,
    'firebaserules.releases.get',
    { status: 403, body: { error: {} } },
    ['rules'],
  ],
  [
    KEYS.firestoreRuleset,
    'firebaserules.rulesets.get',
    denied('firebaserules.rulesets.get'),
    ['rules'],
  ],
  [
    KEYS.database,
    'datastore.databases.getMetadata',
    denied('datastore.databases.getMetadata'),
    ['firestore'],
  ],
  [KEYS.fields, 'datastore.indexes.list', denied('datastore.indexes.list'), ['firestore']],
  [KEYS.bucket, 'storage.buckets.get', storageDenied('storage.buckets.get'), ['bucket']],
  [
    KEYS.bucketPolicy,
    'storage.buckets.getIamPolicy',
    storageDenied('storage.buckets.getIamPolicy'),
    ['bucket'],
  ],
  [KEYS.servePolicy, 'run.services.getIamPolicy', denied('run.services.getIamPolicy'), ['serve']],
];

test.each(permissions)(
  'without access to %s names the permission %s and goes on',
  async (key, permission, reply, checks) => {
    const all = await findings({ [key]: reply });
    const found = all.filter(({ level }) => level !== 'ok');
    expect(found).toMatchObject(checks.map((one) => ({ check: one, level: 'warning' })));
    expect(found[0]?.message).toMatch(
      new RegExp(
        `^Not checked: .* Your account lacks the permission ${permission.replaceAll('.', '[.]')}[.]$`,
      ),
    );
    expect(all.some(({ level }) => level === 'ok')).toBe(true);
  },
);

test('an API that is off is a fault with the command that enables it', async () => {
  const found = await problems({ [KEYS.queues]: disabled('cloudtasks.googleapis.com') });
  expect(found).toMatchObject([
    {
      level: 'fault',
      message:
        'The API cloudtasks.googleapis.com is not enabled in the project demo-shop. Not checked: the task queues.',
      commands: [`gcloud services enable cloudtasks.googleapis.com --project=${PROJECT}`],
    },
  ]);
});
