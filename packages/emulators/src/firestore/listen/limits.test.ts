/** What a Listen stream, and all of them together, may use. */
import { Code } from '../errors.js';
import { set } from '../store/testing.js';
import type * as v1 from '../v1.js';
import {
  ClientModel,
  createFixture,
  documentsTarget,
  FakeSink,
  inShort,
  queryTarget,
  ROOT,
  settle,
} from './testing.js';

const KIB = 1024;

/** A client that reads nothing: each message about a document takes 1 KiB. */
function neverReading(): FakeSink<v1.ListenResponse> {
  return new FakeSink(({ documentChange }) => (documentChange ? KIB : 0));
}

const errorCode = ({ error }: FakeSink<v1.ListenResponse>) => error?.code;

it('refuses targets above the limit, each document counted, and takes others when some end', async () => {
  const { open } = createFixture({}, { targets: 3 });
  const { stream, sink } = open();
  stream.receive(documentsTarget(1, ['c/a', 'c/b']));
  stream.receive(queryTarget(2, {}));
  stream.receive(queryTarget(3, { offset: 1 }));
  stream.receive({ removeTarget: 1 });
  stream.receive(queryTarget(4, {}));
  await settle();
  const answers = sink.sent.map(inShort).filter((line) => /^(ADD|REMOVE)/.test(line));
  expect(answers).toEqual([
    'ADD 1',
    'ADD 2',
    `REMOVE 3 code ${Code.RESOURCE_EXHAUSTED}`,
    'REMOVE 1',
    'ADD 4',
  ]);
});

it('ends a stream with too many waiting requests', () => {
  const { stream, sink } = createFixture({}, { requests: 2 }).open();
  for (const id of [1, 2, 3]) stream.receive(queryTarget(id, {}));
  expect(errorCode(sink)).toBe(Code.RESOURCE_EXHAUSTED);
});

it('refuses a stream above the limit until another is closed', () => {
  const { open } = createFixture({}, { streams: 1 });
  const first = open();
  expect(errorCode(open().sink)).toBe(Code.RESOURCE_EXHAUSTED);
  first.stream.close();
  expect(open().sink.ended).toBe(false);
});

it('pauses results for a client that does not read, and goes on when it has', async () => {
  const fixture = createFixture({}, { pauseBytes: 4 * KIB });
  fixture.store.apply(Array.from({ length: 50 }, (_, n) => set(`c/${n}`, {})));
  const { stream, sink } = fixture.open({ sink: neverReading() });
  stream.receive(queryTarget(1, {}));
  await settle();
  expect(sink.sent.length).toBeLessThan(10);
  while (!sink.sent.some(({ targetChange }) => targetChange?.targetChangeType === 'CURRENT')) {
    sink.buffered = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(sink.sent.filter(({ documentChange }) => documentChange)).toHaveLength(50);
});

it('sends a client that has not read for a while the last state of each document, once', async () => {
  const fixture = createFixture({}, { pauseBytes: 4 * KIB, streamBytes: 64 * KIB });
  const { stream, sink } = fixture.open({ sink: neverReading() });
  stream.receive(queryTarget(1, {}));
  await settle();
  const content = 'x'.repeat(KIB);
  for (let n = 0; n < 200; n += 1) {
    fixture.store.apply([set('c/a', { n, content }), set(`c/b`, { n })]);
    if (n % 2 === 0) fixture.store.apply([set('c/gone', { n })]);
    else fixture.store.apply([{ delete: `${ROOT}/c/gone` }]);
    await settle();
  }
  expect(sink.ended).toBe(false);
  expect(sink.sent.length).toBeLessThan(30);
  fixture.store.apply([set('c/z', {})]);
  const model = new ClientModel();
  model.request(1);
  while (!model.results(1).has(`${ROOT}/c/z`)) {
    sink.buffered = 0;
    await settle();
    for (const message of sink.take()) model.receive(message);
  }
  expect(model.results(1).get(`${ROOT}/c/a`)?.fields?.['n']).toEqual({ integerValue: '199' });
  expect(model.results(1).get(`${ROOT}/c/b`)?.fields?.['n']).toEqual({ integerValue: '199' });
  expect(model.results(1).has(`${ROOT}/c/gone`)).toBe(false);
});

it('ends the stream of a client that reads nothing while documents are added', async () => {
  const fixture = createFixture({}, { pauseBytes: 4 * KIB, streamBytes: 64 * KIB });
  const slow = fixture.open({ sink: neverReading() });
  const fast = fixture.open();
  for (const { stream } of [slow, fast]) stream.receive(queryTarget(1, {}));
  await settle();
  const content = 'x'.repeat(KIB);
  let commits = 0;
  while (!slow.sink.ended && commits < 1_000) {
    fixture.store.apply([set(`c/${commits}`, { n: commits, content })]);
    commits += 1;
    await settle();
  }
  expect(errorCode(slow.sink)).toBe(Code.RESOURCE_EXHAUSTED);
  expect(commits).toBeLessThan(100);
  expect(slow.sink.buffered).toBeLessThan(8 * KIB);
  await settle();
  const last = fast.sink.sent.findLast(({ documentChange }) => documentChange);
  expect(last?.documentChange?.document?.fields?.['n']).toEqual({
    integerValue: String(commits - 1),
  });
});

it('ends the stream of a client that reads nothing for long', async () => {
  const fixture = createFixture({}, { pauseBytes: KIB, stallMs: 0 });
  fixture.store.apply([set('c/a', {}), set('c/b', {}), set('c/d', {})]);
  const { stream, sink } = fixture.open({ sink: neverReading() });
  stream.receive(queryTarget(1, {}));
  while (!sink.ended) await settle();
  expect(errorCode(sink)).toBe(Code.RESOURCE_EXHAUSTED);
});

it('ends a stream when all together hold too much, and no other when that is read', async () => {
  const fixture = createFixture({}, { pauseBytes: 100 * KIB, totalBytes: 3 * KIB });
  const clients = [1, 2].map(() => fixture.open({ sink: neverReading() }));
  for (const { stream } of clients) stream.receive(queryTarget(1, {}));
  await settle();
  fixture.store.apply([set('c/a', {})]);
  await settle();
  expect(clients.map(({ sink }) => sink.ended)).toEqual([false, false]);
  for (const { sink } of clients) sink.buffered = 0;
  fixture.store.apply([set('c/b', {})]);
  await settle();
  expect(clients.map(({ sink }) => sink.ended)).toEqual([false, false]);
  fixture.store.apply([set('c/d', {})]);
  await settle();
  expect(clients.map(({ sink }) => errorCode(sink))).toContain(Code.RESOURCE_EXHAUSTED);
  expect(clients.some(({ sink }) => !sink.ended)).toBe(true);
});
