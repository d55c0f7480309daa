/** Events of documents, for functions that are registered as the Functions emulator does it. */
import { PROJECT, startTestEmulator, unsignedToken, type TestEmulator } from './testing.js';
import type { TriggerEvent } from './index.js';

const RULES = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /open/{id} { allow read, write; }
  }
}`;
const DATABASE = `projects/${PROJECT}/databases/(default)`;
const V1 = 'providers/cloud.firestore/eventTypes/document.';
const V2 = 'google.cloud.firestore.document.v1.';

interface Body {
  data: { value: Document; oldValue: Document };
  [attribute: string]: unknown;
}

interface Document {
  name?: string;
  fields?: object;
  createTime?: string;
  updateTime?: string;
}

let emulator: TestEmulator;
const events: TriggerEvent[] = [];
beforeEach(async () => {
  emulator = await startTestEmulator(RULES, (event) => events.push(event));
});
afterEach(async () => {
  await emulator.stop();
  events.splice(0);
});

const bodies = () => events.map(({ body }) => body as Body);

async function register(method: string, path: string, body: object): Promise<Response> {
  const url = `${emulator.url}/emulator/v1/projects/${PROJECT}/${path}`;
  return fetch(url, { method, body: JSON.stringify(body) });
}

async function registerV1(key: string, kind: string, document: string): Promise<void> {
  const resource = `${DATABASE}/documents/${document}`;
  const eventTrigger = { eventType: V1 + kind, resource, service: 'firestore.googleapis.com' };
  expect((await register('PUT', `triggers/${key}`, { eventTrigger })).status).toBe(200);
}

async function registerV2(key: string, kind: string, document: string, database = '(default)') {
  const body = {
    eventType: V2 + kind,
    database,
    namespace: '(default)',
    document: { value: document, matchType: 'PATH_PATTERN' },
  };
  const path = `eventarcTrigger?eventarcTriggerId=${key}`;
  expect((await register('POST', path, body)).status).toBe(200);
}

test('a 2nd gen function gets a CloudEvent with both states of the document', async () => {
  await registerV2('us-central1-written-0', 'written', 'posts/{id}');
  const post = emulator.admin.doc('posts/one');
  await post.set({ n: 1, at: new Date(5) });
  await post.update({ n: 2 });
  await post.delete();
  const name = `${DATABASE}/documents/posts/one`;
  const fields = (n: string) => ({
    n: { integerValue: n },
    at: { timestampValue: '1970-01-01T00:00:00.005Z' },
  });
  const attributes = {
    specversion: '1.0',
    source: `//firestore.googleapis.com/${DATABASE}`,
    subject: 'documents/posts/one',
    type: `${V2}written`,
    datacontenttype: 'application/json',
    project: PROJECT,
    database: '(default)',
    document: 'posts/one',
  };
  expect(events.map(({ key, project, contentType }) => [key, project, contentType])).toEqual(
    Array(3).fill([
      'us-central1-written-0',
      PROJECT,
      'application/cloudevents+json; charset=UTF-8',
    ]),
  );
  const [created, updated, deleted] = bodies();
  expect(created).toMatchObject({ ...attributes, data: { value: { name, fields: fields('1') } } });
  expect(created?.data.oldValue).toEqual({});
  expect(created?.['time']).toBe(created?.data.value.updateTime);
  expect(created).not.toHaveProperty('authtype');
  expect(updated).toMatchObject({
    ...attributes,
    data: { value: { fields: fields('2') }, oldValue: { fields: fields('1') } },
  });
  expect(updated?.data.value.createTime).toBe(created?.data.value.createTime);
  expect(deleted).toMatchObject({ ...attributes, data: { oldValue: { fields: fields('2') } } });
  expect(deleted?.data.value).toEqual({});
  expect(new Set(bodies().map(({ id }) => id)).size).toBe(3);
});

test('a 1st gen function gets data and context', async () => {
  await registerV1('us-central1-old-0', 'write', 'posts/{id}');
  await emulator.admin.doc('posts/one').set({ n: 1 });
  const name = `${DATABASE}/documents/posts/one`;
  expect(events).toEqual([
    {
      project: PROJECT,
      key: 'us-central1-old-0',
      contentType: 'application/json',
      body: {
        data: {
          value: expect.objectContaining({ name, fields: { n: { integerValue: '1' } } }) as object,
          oldValue: {},
        },
        context: {
          eventId: expect.any(String) as string,
          timestamp: expect.any(String) as string,
          eventType: `${V1}write`,
          resource: { service: 'firestore.googleapis.com', name },
        },
      },
    },
  ]);
});

test.each([
  ['created', 'create', 1],
  ['updated', 'update', 2],
  ['deleted', 'delete', 4],
])('%s is one kind of change', async (v2, v1, index) => {
  await registerV2('v2', v2, 'posts/one');
  await registerV1('v1', v1, 'posts/one');
  const post = emulator.admin.doc('posts/one');
  const counts = [events.length];
  const changes = [
    () => post.set({ n: 1 }),
    () => post.set({ n: 2 }, { merge: true }),
    () => post.set({ n: 2 }),
    () => post.delete(),
    () => post.delete(),
  ];
  for (const change of changes) {
    await change();
    counts.push(events.length);
  }
  expect(counts).toEqual(counts.map((_, step) => (step < index ? 0 : 2)));
});

test.each([
  ['posts/{id}', ['posts/one']],
  ['posts/{id=*}', ['posts/one']],
  ['posts/one', ['posts/one']],
  ['/posts/{id}/', ['posts/one']],
  ['posts/o{rest}', ['posts/one']],
  ['posts/{id}/comments/{comment}', ['posts/one/comments/a.b']],
  ['posts/one/comments/a.b', ['posts/one/comments/a.b']],
  ['posts/one/comments/a{dot}b', ['posts/one/comments/a.b']],
  ['posts/one/comments/a+b', []],
  ['posts/{path=**}', ['posts/one', 'posts/one/comments/a.b']],
  ['{all=**}', ['posts/one', 'posts/one/comments/a.b', 'users/one']],
])('%s matches %j', async (document, expected) => {
  await registerV2('a', 'created', document);
  const paths = ['posts/one', 'posts/one/comments/a.b', 'users/one'];
  for (const path of paths) await emulator.admin.doc(path).set({});
  expect(bodies().map((body) => body['document'])).toEqual(expected);
});

test('a batch, a transaction and a bulk write cause one event for each document', async () => {
  await registerV2('a', 'written', 'posts/{id}');
  const { admin } = emulator;
  const batch = admin.batch();
  batch.set(admin.doc('posts/one'), { n: 1 }).update(admin.doc('posts/one'), { n: 2 });
  await batch.set(admin.doc('posts/two'), {}).commit();
  await admin.runTransaction(async (transaction) => {
    await transaction.get(admin.doc('posts/one'));
    transaction.delete(admin.doc('posts/one'));
  });
  const writer = admin.bulkWriter();
  void writer.set(admin.doc('posts/three'), {});
  await writer.close();
  const documents = bodies().map((body) => body['document']);
  expect(documents).toEqual(['posts/one', 'posts/two', 'posts/one', 'posts/three']);
  expect(bodies()[0]?.data.value.fields).toEqual({ n: { integerValue: '2' } });
});

test('a commit that fails or is denied causes no event', async () => {
  await registerV2('a', 'written', '{all=**}');
  await expect(emulator.admin.doc('posts/one').update({ n: 1 })).rejects.toThrow('NOT_FOUND');
  const documents = `${emulator.url}/v1/${DATABASE}/documents`;
  const denied = await fetch(`${documents}/posts?documentId=one`, { method: 'POST', body: '{}' });
  expect(denied.status).toBe(403);
  expect(events).toEqual([]);
});

test('an event with the authentication names who has written', async () => {
  await registerV2('a', 'created.withAuthContext', 'open/{id}');
  await emulator.admin.doc('open/server').set({});
  const url = `${emulator.url}/v1/${DATABASE}/documents/open?documentId=`;
  const headers = { Authorization: `Bearer ${unsignedToken('ann')}` };
  await fetch(`${url}user`, { method: 'POST', headers, body: '{}' });
  await fetch(`${url}anybody`, { method: 'POST', body: '{}' });
  expect(bodies().map((body) => [body['document'], body['authtype'], body['authid']])).toEqual([
    ['open/server', 'service_account', undefined],
    ['open/user', 'unknown', 'ann'],
    ['open/anybody', 'unauthenticated', undefined],
  ]);
});

test('a function of another database gets no event, a registration replaces the earlier one', async () => {
  await registerV2('other', 'created', '{all=**}', 'second');
  await registerV2('same', 'created', 'posts/{id}');
  await registerV2('same', 'created', 'users/{id}');
  await emulator.admin.doc('posts/one').set({});
  await emulator.admin.doc('users/one').set({});
  expect(events.map(({ key }) => key)).toEqual(['same']);
  expect(bodies()[0]).toMatchObject({ document: 'users/one' });
});

test.each([
  ['PUT', 'triggers/a', {}],
  ['PUT', 'triggers/a', { eventTrigger: { eventType: `${V1}write`, resource: 'posts/one' } }],
  [
    'POST',
    'eventarcTrigger',
    { eventType: `${V2}written`, database: 'a', document: { value: 'b' } },
  ],
  ['POST', 'eventarcTrigger?eventarcTriggerId=a', { eventType: 'x', database: 'a' }],
])('%s %s with %j is an invalid registration', async (method, path, body) => {
  const response = await register(method, path, body);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { status: 'INVALID_ARGUMENT' } });
});
