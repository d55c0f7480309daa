import { Code, StatusError } from '../errors.js';
import type * as v1 from '../v1.js';
import { CLIENT, DATABASE, FakeSink, ROOT, settle } from './testing.js';
import { WriteStream } from './write-stream.js';

type Commit = (request: v1.CommitRequest) => Promise<v1.CommitResponse>;

const commitTime = { seconds: 1, nanos: 0 };
const accept: Commit = ({ writes }) =>
  Promise.resolve({
    commitTime,
    writeResults: (writes ?? []).map(() => ({ updateTime: commitTime })),
  });

const write = (id: string): v1.Write => ({ update: { name: `${ROOT}/c/${id}`, fields: {} } });

/** Opens a stream; after the handshake, unless the handshake is given. */
async function open(commit: Commit = accept, handshake: v1.WriteRequest = { database: DATABASE }) {
  const sink = new FakeSink<v1.WriteResponse>();
  const stream = new WriteStream({ commit }, CLIENT, sink);
  stream.receive(handshake);
  await settle();
  const [first] = sink.take();
  return { sink, stream, first, streamToken: first?.streamToken ?? Buffer.alloc(0) };
}

it('answers the handshake with the id and a token of the stream', async () => {
  const { first, sink } = await open();
  expect(first?.streamId).toMatch(/^[0-9a-f]{24}$/);
  expect(first?.streamToken?.length).toBeGreaterThan(0);
  expect(first).not.toHaveProperty('commitTime');
  expect(sink.ended).toBe(false);
});

it('commits groups in their order, though the first takes longest', async () => {
  const order: string[] = [];
  let turns = 5;
  const { stream, sink, streamToken } = await open(async (request) => {
    for (let turn = (turns -= 1); turn > 0; turn -= 1) await settle();
    order.push(request.writes?.[0]?.update?.name?.split('/').at(-1) ?? '');
    return accept(request);
  });
  for (const id of ['a', 'b', 'd'])
    stream.receive({ streamToken, writes: [write(id), write('x')] });
  while (sink.sent.length < 3) await settle();
  expect(order).toEqual(['a', 'b', 'd']);
  expect(sink.sent.map(({ writeResults }) => writeResults?.length)).toEqual([2, 2, 2]);
  expect(sink.sent[0]?.commitTime).toEqual(commitTime);
  const tokens = sink.sent.map((response) =>
    Buffer.from(response.streamToken ?? '').toString('hex'),
  );
  expect(new Set(tokens).size).toBe(3);
});

it('passes the caller and the database on', async () => {
  const commit = jest.fn(accept);
  const { stream, streamToken } = await open(commit);
  stream.receive({ streamToken, writes: [write('a')] });
  await settle();
  expect(commit).toHaveBeenCalledWith({ database: DATABASE, writes: [write('a')] }, CLIENT);
});

it('accepts an earlier token and a group without writes', async () => {
  const { stream, sink, streamToken } = await open();
  stream.receive({ streamToken, writes: [write('a')] });
  stream.receive({ streamToken });
  stream.receive({ streamToken, writes: [write('b')] });
  await settle();
  expect(sink.error).toBeUndefined();
  expect(sink.sent.map(({ writeResults }) => writeResults?.length)).toEqual([1, undefined, 1]);
});

it.each<[string, v1.WriteRequest]>([
  ['names no database', {}],
  ['names no database but a text', { database: 'x' }],
  ['has writes', { database: DATABASE, writes: [write('a')] }],
  ['resumes a stream', { database: DATABASE, streamId: 'x' }],
])('refuses a handshake that %s', async (_name, handshake) => {
  const commit = jest.fn(accept);
  const { sink, first } = await open(commit, handshake);
  expect(first).toBeUndefined();
  expect(sink.error?.code).toBe(Code.INVALID_ARGUMENT);
  expect(commit).not.toHaveBeenCalled();
});

it.each<[string, (token: Buffer) => Buffer]>([
  ['no', () => Buffer.alloc(0)],
  ['a made-up', () => Buffer.from('x')],
  [
    'another stream’s',
    (token) => Buffer.from(token.map((byte, index) => (index === 0 ? byte ^ 1 : byte))),
  ],
  [
    'a future',
    (token) =>
      Buffer.from(token.map((byte, index) => (index === token.length - 1 ? byte + 1 : byte))),
  ],
])('refuses %s token', async (_name, change) => {
  const commit = jest.fn(accept);
  const { stream, sink, streamToken } = await open(commit);
  stream.receive({
    streamToken: change(Buffer.from(streamToken as Uint8Array)),
    writes: [write('a')],
  });
  await settle();
  expect(sink.error?.code).toBe(Code.INVALID_ARGUMENT);
  expect(commit).not.toHaveBeenCalled();
});

it('ends with the status of a failed commit and commits nothing after it', async () => {
  const commit = jest.fn(() => Promise.reject(new StatusError(Code.PERMISSION_DENIED, 'no')));
  const { stream, sink, streamToken } = await open(commit);
  stream.receive({ streamToken, writes: [write('a')] });
  stream.receive({ streamToken, writes: [write('b')] });
  await settle();
  expect(sink.error).toMatchObject({ code: Code.PERMISSION_DENIED, message: 'no' });
  expect(commit).toHaveBeenCalledTimes(1);
});

it('answers what waits when the client has sent all, then ends', async () => {
  const { stream, sink, streamToken } = await open();
  stream.receive({ streamToken, writes: [write('a')] });
  stream.finish();
  await settle();
  expect([sink.sent.length, sink.ended, sink.error]).toEqual([1, true, undefined]);
});

it('sends nothing to a client that is gone', async () => {
  const { stream, sink, streamToken } = await open();
  stream.receive({ streamToken, writes: [write('a')] });
  stream.close();
  await settle();
  expect([sink.sent.length, sink.ended]).toEqual([0, false]);
});

it('ends when too many requests wait or too many bytes are not read', async () => {
  const { stream, sink, streamToken } = await open(() => new Promise<never>(() => undefined));
  for (let count = 0; count < 1_002; count += 1)
    stream.receive({ streamToken, writes: [write('a')] });
  expect(sink.error?.code).toBe(Code.RESOURCE_EXHAUSTED);
  const slow = await open();
  slow.sink.buffered = 17 * 1024 * 1024;
  slow.stream.receive({ streamToken: slow.streamToken, writes: [write('a')] });
  await settle();
  expect(slow.sink.error?.code).toBe(Code.RESOURCE_EXHAUSTED);
});
