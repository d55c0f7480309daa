/** Listen and Write as the mobile SDKs open them: gRPC calls without an SDK around them. */
import * as grpc from '@grpc/grpc-js';
import { PROJECT, startTestEmulator, type TestEmulator, unsignedToken } from '../testing.js';
import { decode, encode, methodShape } from '../transport/protocol.js';
import type * as v1 from '../v1.js';
import { inShort } from './testing.js';

const DATABASE = `projects/${PROJECT}/databases/(default)`;
const ROOT = `${DATABASE}/documents`;
const MIB = 1024 * 1024;
const RULES = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents { match /{path=**} { allow read, write: if request.auth.uid == 'ann'; } }
}`;

type Call = grpc.ClientDuplexStream<object, object>;

let emulator: TestEmulator;
let client: grpc.Client;

beforeAll(async () => {
  emulator = await startTestEmulator(RULES);
  client = new grpc.Client(`${emulator.host}:${emulator.port}`, grpc.credentials.createInsecure());
});
beforeEach(() => emulator.clear());
afterAll(async () => {
  client.close();
  await emulator.stop();
});

function open(method: 'Listen' | 'Write', uid = 'ann'): Call {
  const { requestType, responseType } = methodShape(method);
  const metadata = new grpc.Metadata();
  metadata.set('authorization', `Bearer ${unsignedToken(uid)}`);
  metadata.set('google-cloud-resource-prefix', DATABASE);
  const call = client.makeBidiStreamRequest<object, object>(
    `/google.firestore.v1.Firestore/${method}`,
    (request) => encode(requestType, request),
    (bytes) => decode(responseType, bytes),
    metadata,
  );
  // Tests look at the status instead, or cancel the call.
  call.on('error', () => undefined);
  return call;
}

const nextOf = (call: Call): Promise<object> =>
  new Promise((resolve) => call.once('data', resolve));
const statusOf = (call: Call): Promise<grpc.StatusObject> =>
  new Promise((resolve) => call.on('status', resolve));

/** All messages up to one that meets a condition. */
function until(call: Call, condition: (line: string) => boolean): Promise<string[]> {
  return new Promise((resolve) => {
    const lines: string[] = [];
    const take = (message: v1.ListenResponse): void => {
      lines.push(inShort(message));
      if (!condition(lines.at(-1) ?? '')) return;
      call.off('data', take);
      resolve(lines);
    };
    call.on('data', take);
  });
}

const collectionTarget = (targetId: number, collectionId: string): v1.ListenRequest => ({
  database: DATABASE,
  addTarget: { targetId, query: { parent: ROOT, structuredQuery: { from: [{ collectionId }] } } },
});

it('listens, and resumes in another call', async () => {
  const call = open('Listen');
  call.write(collectionTarget(2, 'c'));
  let resumeToken: Uint8Array | null | undefined;
  call.on('data', ({ targetChange }: v1.ListenResponse) => {
    if (targetChange?.targetChangeType === 'NO_CHANGE') ({ resumeToken } = targetChange);
  });
  await until(call, (line) => line.startsWith('NO_CHANGE'));
  const changed = until(call, (line) => line.startsWith('NO_CHANGE'));
  await emulator.admin.doc('c/a').set({ n: 1 });
  await changed;
  const ended = statusOf(call);
  call.end();
  expect((await ended).code).toBe(grpc.status.OK);
  await emulator.admin.doc('c/b').set({ n: 1 });
  const again = open('Listen');
  const target = collectionTarget(2, 'c');
  again.write({ ...target, addTarget: { ...target.addTarget, resumeToken } });
  const lines = await until(again, (line) => line.startsWith('NO_CHANGE'));
  expect(lines.slice(1, -2).map((line) => line.split(' +')[0]?.split('/').at(-1))).toEqual([
    'b',
    'filter 2 2',
  ]);
  again.cancel();
});

it('denies a target to another user and keeps the call', async () => {
  const call = open('Listen', 'bob');
  call.write(collectionTarget(2, 'c'));
  expect(inShort(await nextOf(call))).toBe('REMOVE 2 code 7');
  const status = statusOf(call);
  call.end();
  expect((await status).code).toBe(grpc.status.OK);
});

it('writes in order after a handshake and answers what waits when the client ends', async () => {
  const call = open('Write');
  call.write({ database: DATABASE });
  const { streamToken, streamId } = (await nextOf(call)) as v1.WriteResponse;
  expect(streamId).not.toBe('');
  const responses: v1.WriteResponse[] = [];
  call.on('data', (response: v1.WriteResponse) => responses.push(response));
  for (let n = 0; n < 10; n += 1) {
    const fields = { n: { integerValue: n } };
    call.write({ streamToken, writes: [{ update: { name: `${ROOT}/c/a`, fields } }] });
  }
  const status = statusOf(call);
  call.end();
  expect((await status).code).toBe(grpc.status.OK);
  const times = responses.map(
    ({ commitTime }) => Number(commitTime?.seconds) * 1e6 + (commitTime?.nanos ?? 0) / 1e3,
  );
  expect(times).toEqual([...new Set(times)].sort((left, right) => left - right));
  expect(times).toHaveLength(10);
  expect((await emulator.admin.doc('c/a').get()).get('n')).toBe(9);
});

it('refuses writes by the rules and with a token of another stream', async () => {
  const write = { update: { name: `${ROOT}/c/a`, fields: {} } };
  const denied = open('Write', 'bob');
  denied.write({ database: DATABASE });
  const { streamToken } = (await nextOf(denied)) as v1.WriteResponse;
  denied.write({ streamToken, writes: [write] });
  expect((await statusOf(denied)).code).toBe(grpc.status.PERMISSION_DENIED);
  const other = open('Write');
  other.write({ database: DATABASE });
  await nextOf(other);
  other.write({ streamToken, writes: [write] });
  expect((await statusOf(other)).code).toBe(grpc.status.INVALID_ARGUMENT);
});

it('ends the call of a client that reads nothing, and goes on for others', async () => {
  const slow = open('Listen');
  slow.write(collectionTarget(2, 'c'));
  await until(slow, (line) => line.startsWith('NO_CHANGE'));
  slow.pause();
  const status = statusOf(slow);
  const content = 'x'.repeat(0.9 * MIB);
  // Each another document: of one that changes often, only the last state would wait.
  for (let n = 0; n < 40; n += 1) await emulator.admin.doc(`c/${n}`).set({ content });
  const fast = open('Listen');
  fast.write(collectionTarget(2, 'c'));
  await until(fast, (line) => line.startsWith('NO_CHANGE'));
  fast.cancel();
  let received = 0;
  slow.on('data', () => (received += 1));
  slow.resume();
  expect((await status).code).toBe(grpc.status.RESOURCE_EXHAUSTED);
  // The gRPC client keeps 16 messages; what the emulator had queued is gone.
  expect(received).toBeLessThan(20);
});
