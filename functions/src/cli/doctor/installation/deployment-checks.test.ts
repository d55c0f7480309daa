import {
  type Case,
  DEPLOY,
  expectCase,
  extension,
  findings,
  functionsWith,
  grant,
  kit,
  options,
  problems,
  projectWithout,
} from '../../../../test/cli/doctor/checked.js';
import { denied, type Reply } from '../../../../test/cli/doctor/google-double.js';
import {
  ACCOUNT,
  functionsBody,
  healthyReplies,
  invokersKey,
  installationOf,
  KEYS,
  PROJECT,
  PROJECT_POLICY,
  STORAGE_AGENT,
} from '../../../../test/cli/doctor/healthy.js';
import type { Finding } from './finding.js';
import { namesOf } from './declared.js';
import { deployedName } from './installation.js';

describe.each([
  ['a kit', kit],
  ['an extension', extension],
])('%s without faults', (_, installation) => {
  test('has one ok finding for each check', async () => {
    const all = await findings({}, installation);
    expect(all.filter(({ level }) => level !== 'ok')).toEqual([]);
    const checks = ['functions', 'events', 'serve', 'queues', 'rules', 'rules', 'firestore'];
    expect(all.map((one) => one.check)).toEqual([...checks, 'bucket', 'base URL']);
  });
});

const firstFunction = deployedName(kit, 'originalFinalized');

const cases: Case[] = [
  [
    'nothing is deployed',
    { [KEYS.functions]: { body: {} } },
    'fault',
    /^Nothing is deployed: the project demo-shop has no function kit-images-serve\.$/,
    [DEPLOY],
  ],
  [
    'a function is missing',
    functionsWith('cleanup', () => undefined),
    'fault',
    /^Version 0\.1\.0 declares functions that are not deployed: kit-images-cleanup\.$/,
    [DEPLOY],
  ],
  [
    'a function failed to deploy',
    functionsWith('purge', (one) => ({
      ...one,
      state: 'FAILED',
      stateMessages: [
        { severity: 'ERROR', type: 'CloudRunServiceNotFound', message: 'gone\u001b' },
      ],
    })),
    'fault',
    /^Expected the function kit-images-purge to be ACTIVE, found FAILED: gone\\u001b\.$/,
    [DEPLOY],
  ],
  [
    'a function is of another deployment',
    functionsWith('serve', (one) => ({ ...one, labels: { 'firebase-functions-hash': 'ffff' } })),
    'fault',
    /^The functions are of 2 deployments/,
    [DEPLOY],
  ],
  [
    'a function has another runtime',
    functionsWith('serve', (one) => ({ ...one, buildConfig: { runtime: 'nodejs22' } })),
    'fault',
    /^The functions have different runtimes: nodejs22 and nodejs24\.$/,
    [DEPLOY],
  ],
  [
    'a trigger listens to another bucket',
    functionsWith('originalFinalized', (one) => ({
      ...one,
      eventTrigger: {
        ...one.eventTrigger,
        eventFilters: [{ attribute: 'bucket', value: 'other' }],
      },
    })),
    'fault',
    /originalFinalized to be triggered by the bucket demo-shop\.firebasestorage\.app \(BUCKET\), found other/,
    [DEPLOY],
  ],
  [
    'a trigger has another event',
    functionsWith('originalArchived', (one) => ({
      ...one,
      eventTrigger: {
        ...one.eventTrigger,
        eventType: 'google.cloud.storage.object.v1.deleted',
      },
    })),
    'fault',
    /^Expected kit-images-originalArchived to be triggered by .*\.archived, found .*\.deleted\.$/,
    [DEPLOY],
  ],
  [
    'a trigger does not retry',
    functionsWith('originalDeleted', (one) => ({
      ...one,
      eventTrigger: { ...one.eventTrigger, retryPolicy: 'RETRY_POLICY_DO_NOT_RETRY' },
    })),
    'fault',
    /^Expected kit-images-originalDeleted to retry failed events/,
    [DEPLOY],
  ],
  [
    'a trigger is in another location than the bucket',
    functionsWith('originalFinalized', (one) => ({
      ...one,
      eventTrigger: { ...one.eventTrigger, triggerRegion: 'us-east1' },
    })),
    'fault',
    /^Events don't arrive: the trigger of kit-images-originalFinalized is in us-east1, the bucket .* is in us-central1/,
    [
      `firebase functions:delete ${firstFunction} --region us-central1 --project ${PROJECT}`,
      DEPLOY,
    ],
  ],
  [
    'the triggers cannot receive events',
    projectWithout('roles/eventarc.eventReceiver'),
    'fault',
    /^Events don't arrive: the account kit-images@demo-shop\.iam\.gserviceaccount\.com lacks roles\/eventarc\.eventReceiver/,
    [grant(ACCOUNT, 'roles/eventarc.eventReceiver')],
  ],
  [
    'Cloud Storage cannot publish events',
    projectWithout('roles/pubsub.publisher'),
    'fault',
    /^Events don't arrive: the account service-123456789012@.* lacks roles\/pubsub\.publisher, so Cloud Storage cannot publish/,
    [grant(STORAGE_AGENT, 'roles/pubsub.publisher')],
  ],
  [
    'tasks cannot be enqueued',
    projectWithout('roles/cloudtasks.enqueuer'),
    'fault',
    /lacks roles\/cloudtasks\.enqueuer in the project demo-shop: it cannot enqueue tasks/,
    [grant(ACCOUNT, 'roles/cloudtasks.enqueuer')],
  ],
  [
    'serve is not public',
    {
      [KEYS.servePolicy]: {
        body: { bindings: [{ role: 'roles/run.invoker', members: ['allAuthenticatedUsers'] }] },
      },
    },
    'fault',
    /^Nobody can view images: allUsers lacks roles\/run\.invoker on kit-images-serve.*domain-restricted sharing/,
    [
      `gcloud run services add-iam-policy-binding kit-images-serve --member=allUsers --role=roles/run.invoker ${options}`,
      `gcloud run services update kit-images-serve --no-invoker-iam-check ${options}`,
    ],
  ],
  [
    'serve accepts internal requests only',
    { [KEYS.serveService]: { body: { ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY' } } },
    'fault',
    /^Expected kit-images-serve to accept requests from the internet/,
    [`gcloud run services update kit-images-serve --ingress=all ${options}`],
  ],
  [
    'a queue is paused',
    {
      [KEYS.queues]: {
        body: {
          queues: ['processImage', 'cleanup', 'resize', 'backfill', 'purge'].map((name) => ({
            name: `projects/${PROJECT}/locations/us-central1/queues/kit-images-${name}`,
            state: name === 'cleanup' ? 'PAUSED' : 'RUNNING',
          })),
        },
      },
    },
    'fault',
    /^Expected the queue kit-images-cleanup to be RUNNING, found PAUSED/,
    [`gcloud tasks queues resume kit-images-cleanup --location=us-central1 --project=${PROJECT}`],
  ],
  [
    'a queue does not exist',
    {
      [KEYS.queues]: {
        body: {
          queues: ['processImage', 'cleanup', 'resize', 'backfill'].map((name) => ({
            name: `projects/${PROJECT}/locations/us-central1/queues/kit-images-${name}`,
            state: 'RUNNING',
          })),
        },
      },
    },
    'fault',
    /^The queue kit-images-purge does not exist in us-central1/,
    [DEPLOY],
  ],
];

test.each(cases)('reports that %s', (...one) => expectCase(one));

test('reports that the triggers cannot call the functions, whose tasks are rejected, too', async () => {
  const found = await problems(projectWithout('roles/run.invoker'));
  const commands = [grant(ACCOUNT, 'roles/run.invoker')];
  expect(found).toMatchObject([
    { check: 'events', level: 'fault', commands },
    { check: 'queues', level: 'fault', commands },
  ]);
  expect(found[0]?.message).toMatch(/^Events don't arrive: .* its triggers cannot call/);
});

test('accepts a role to call the functions on each of them, and names one that it cannot see', async () => {
  const invokers = { role: 'roles/run.invoker', members: [`serviceAccount:${ACCOUNT}`] };
  const names = [...namesOf('storage'), ...namesOf('tasks')];
  const onEach = Object.fromEntries(
    names.map((name): [string, Reply] => [
      invokersKey(name, kit),
      { body: { bindings: [invokers] } },
    ]),
  );
  const changes = { ...projectWithout('roles/run.invoker'), ...onEach };
  await expect(problems(changes)).resolves.toEqual([]);
  const refused = denied('run.services.getIamPolicy');
  const unseen = {
    ...changes,
    [invokersKey('originalDeleted', kit)]: refused,
    [invokersKey('purge', kit)]: refused,
  };
  const found = await problems(unseen);
  expect(found).toMatchObject([
    { check: 'events', level: 'warning' },
    { check: 'queues', level: 'warning' },
  ]);
  for (const { message } of found) expect(message).toContain('run.services.getIamPolicy');
  const missing = { ...changes, [invokersKey('purge', kit)]: { body: {} } };
  await expect(problems(missing)).resolves.toMatchObject([{ check: 'queues', level: 'fault' }]);
});

test('functions in a location that does not answer are not missing', async () => {
  const [functions] = [functionsBody(kit).functions.slice(1)];
  const unreachable = ['projects/demo-shop/locations/us-central1'];
  const found = await problems({ [KEYS.functions]: { body: { functions, unreachable } } });
  expect(found).toMatchObject([{ check: 'functions', level: 'warning' }]);
  expect(found[0]?.message).toContain(`found no answer from ${unreachable[0]}`);
});

test('a custom role makes a warning of a missing role', async () => {
  const body = {
    bindings: [
      ...PROJECT_POLICY.bindings.filter(({ role }) => role !== 'roles/eventarc.eventReceiver'),
      { role: `projects/${PROJECT}/roles/events`, members: [`serviceAccount:${ACCOUNT}`] },
    ],
  };
  const found = await problems({ [KEYS.project]: { body } });
  expect(found).toMatchObject([{ check: 'events', level: 'warning' }]);
});

test('a service that checks no invoker is public without a grant', async () => {
  const changes = {
    [KEYS.servePolicy]: { body: {} },
    [KEYS.serveService]: { body: { invokerIamDisabled: true } },
  };
  await expect(problems(changes)).resolves.toEqual([]);
});

test('reports functions in another region than the parameters say', async () => {
  const installation = installationOf({}, { LOCATION: 'europe-west1' });
  const found = await problems({}, installation);
  expect(found.map(({ message }) => message)).toContain(
    'Expected the function kit-images-serve in europe-west1 (LOCATION), found it in us-central1.',
  );
});

test('reports an extension instance that is missing, failed or of another version', async () => {
  const DEPLOY_EXTENSION = `firebase deploy --only extensions --project ${PROJECT}`;
  const instance = (body: object): Promise<Finding[]> =>
    problems({ [KEYS.extension]: { body } }, extension);
  await expect(problems({ [KEYS.extension]: { status: 404 } }, extension)).resolves.toMatchObject([
    { level: 'fault', message: 'The project demo-shop has no extension instance images.' },
  ]);
  await expect(
    instance({ state: 'ERRORED', errorStatus: { code: 7, message: 'no bucket' } }),
  ).resolves.toMatchObject([
    {
      level: 'fault',
      message: 'Expected the extension instance images to be ACTIVE, found ERRORED: no bucket.',
      commands: [DEPLOY_EXTENSION],
    },
  ]);
  await expect(
    instance({ state: 'ACTIVE', config: { source: { spec: { version: '0.0.9' } } } }),
  ).resolves.toMatchObject([{ level: 'warning', commands: [DEPLOY_EXTENSION] }]);
});

test('an extension without the two roles of 2nd gen triggers gets the commands that grant them', async () => {
  const without = ['roles/run.invoker', 'roles/pubsub.publisher'];
  const reply = healthyReplies(extension)[KEYS.project] as {
    body: { bindings: { role: string }[] };
  };
  const bindings = reply.body.bindings.filter(({ role }) => !without.includes(role));
  const found = await problems({ [KEYS.project]: { body: { bindings } } }, extension);
  expect(found.flatMap(({ commands }) => commands)).toEqual([
    grant(STORAGE_AGENT, 'roles/pubsub.publisher'),
    grant(ACCOUNT, 'roles/run.invoker'),
  ]);
  for (const { message } of found) expect(message).toMatch(/^Events don't arrive: /);
});

test('with EVENTS, the account must be able to publish them', async () => {
  const publisher = 'roles/eventarc.publisher';
  await expect(problems({}, installationOf({}, { EVENTS: 'onReady' }))).resolves.toEqual([
    {
      check: 'queues',
      level: 'fault',
      message: `The account ${ACCOUNT} lacks ${publisher} in the project ${PROJECT}: it cannot publish events.`,
      commands: [grant(ACCOUNT, publisher)],
    },
  ]);
});
