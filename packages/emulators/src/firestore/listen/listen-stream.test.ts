import { Code, StatusError } from '../errors.js';
import { set } from '../store/testing.js';
import { compareTimestamps } from '../store/times.js';
import type * as v1 from '../v1.js';
import {
  CLIENT,
  createFixture,
  DATABASE,
  documentsTarget,
  inShort,
  queryTarget,
  ROOT,
  settle,
} from './testing.js';

const orderByN = [{ field: { fieldPath: 'n' } }];
const positive: v1.Filter = {
  fieldFilter: { field: { fieldPath: 'n' }, op: 'GREATER_THAN', value: { integerValue: '0' } },
};

/** Opens a stream with targets and drops the first messages. */
async function listening(
  fixture: ReturnType<typeof createFixture>,
  ...targets: v1.ListenRequest[]
) {
  const { stream, sink } = fixture.open();
  for (const target of targets) stream.receive(target);
  await settle();
  return { stream, sink, first: sink.take() };
}

const short = (messages: v1.ListenResponse[]): string[] => messages.map(inShort);

describe('a query target', () => {
  it('begins with its results, CURRENT and a read time', async () => {
    const fixture = createFixture();
    fixture.store.apply([set('c/a', { n: 1 }), set('c/b', { n: 2 }), set('d/a', {})]);
    const { first } = await listening(fixture, queryTarget(2, {}));
    expect(short(first)).toEqual([
      'ADD 2',
      'change c/a +2 -',
      'change c/b +2 -',
      'CURRENT 2',
      'NO_CHANGE ',
    ]);
    expect(first.at(-1)?.targetChange?.readTime).toEqual(first.at(-2)?.targetChange?.readTime);
    expect(first.at(-1)?.targetChange?.resumeToken).toHaveLength(16);
  });

  it('begins at the time of its results after commits while there were no listeners', async () => {
    const fixture = createFixture();
    const { stream } = await listening(fixture, queryTarget(2, {}));
    stream.receive({ database: DATABASE, removeTarget: 2 });
    // Schedules a round, which finds no listener.
    fixture.store.apply([set('c/a', { n: 1 })]);
    await settle();
    fixture.store.apply([set('c/a', { n: 2 })]);
    const { first } = await listening(fixture, queryTarget(2, {}));
    const { updateTime } = first[1]?.documentChange?.document ?? {};
    const { readTime } = first.at(-1)?.targetChange ?? {};
    expect(compareTimestamps(readTime ?? {}, updateTime ?? {})).toBeGreaterThanOrEqual(0);
  });

  it('sends what enters, changes, leaves and is deleted, once per turn of the event loop', async () => {
    const fixture = createFixture();
    const { sink } = await listening(fixture, queryTarget(2, { where: positive }));
    fixture.store.apply([set('c/a', { n: 1 }), set('c/b', { n: 0 })]);
    await settle();
    expect(short(sink.take())).toEqual(['change c/a +2 -', 'NO_CHANGE ']);
    fixture.store.apply([set('c/a', { n: 2 })]);
    fixture.store.apply([set('c/b', { n: 1 })]);
    await settle();
    expect(short(sink.take())).toEqual(['change c/a +2 -', 'change c/b +2 -', 'NO_CHANGE ']);
    fixture.store.apply([set('c/a', { n: 0 })]);
    await settle();
    expect(short(sink.take())).toEqual(['change c/a + -2', 'NO_CHANGE ']);
    fixture.store.apply([{ delete: `${ROOT}/c/b` }, { delete: `${ROOT}/c/a` }]);
    await settle();
    expect(short(sink.take())).toEqual(['delete c/b -2', 'NO_CHANGE ']);
  });

  it('fills its window when a document leaves it', async () => {
    const fixture = createFixture();
    fixture.store.apply([1, 2, 3, 4].map((n) => set(`c/${n}`, { n })));
    const limited = { orderBy: orderByN, limit: { value: 2 } };
    const { sink, first } = await listening(fixture, queryTarget(2, limited));
    expect(short(first).slice(1, 3)).toEqual(['change c/1 +2 -', 'change c/2 +2 -']);
    fixture.store.apply([{ delete: `${ROOT}/c/1` }]);
    await settle();
    expect(short(sink.take())).toEqual(['delete c/1 -2', 'change c/3 +2 -', 'NO_CHANGE ']);
    fixture.store.apply([set('c/0', { n: 0 })]);
    await settle();
    expect(short(sink.take())).toEqual(['remove c/3 -2', 'change c/0 +2 -', 'NO_CHANGE ']);
    fixture.store.apply([set('c/9', { n: 9 })]);
    await settle();
    expect(sink.take()).toEqual([]);
  });

  it('has a limit after a cursor, and the last documents in reverse order', async () => {
    const fixture = createFixture();
    fixture.store.apply([1, 2, 3, 4].map((n) => set(`c/${n}`, { n })));
    const startAt = { values: [{ integerValue: '2' }], before: true };
    const last = { orderBy: [{ ...orderByN[0], direction: 'DESCENDING' as const }] };
    const { sink, first } = await listening(
      fixture,
      queryTarget(2, { orderBy: orderByN, startAt, limit: { value: 2 } }),
      queryTarget(4, { ...last, limit: { value: 1 } }),
    );
    expect(short(first).filter((line) => line.startsWith('change'))).toEqual([
      'change c/2 +2 -',
      'change c/3 +2 -',
      'change c/4 +4 -',
    ]);
    fixture.store.apply([set('c/5', { n: 5 })]);
    await settle();
    expect(short(sink.take())).toEqual(['remove c/4 -4', 'change c/5 +4 -', 'NO_CHANGE ']);
  });

  it('covers a collection group', async () => {
    const fixture = createFixture();
    const group = queryTarget(2, { from: [{ collectionId: 'c', allDescendants: true }] });
    const { sink } = await listening(fixture, group);
    fixture.store.apply([set('c/a', {}), set('x/y/c/b', {}), set('d/a', {})]);
    await settle();
    expect(short(sink.take())).toEqual(['change c/a +2 -', 'change x/y/c/b +2 -', 'NO_CHANGE ']);
  });
});

describe('several targets', () => {
  it('get a document once, with the ids of those that it enters and leaves', async () => {
    const fixture = createFixture();
    const { sink } = await listening(
      fixture,
      queryTarget(2, { where: positive }),
      queryTarget(4, {}),
      documentsTarget(6, ['c/a', 'c/b']),
    );
    fixture.store.apply([set('c/a', { n: 1 })]);
    await settle();
    expect(short(sink.take())).toEqual(['change c/a +6,2,4 -', 'NO_CHANGE ']);
    fixture.store.apply([set('c/a', { n: 0 })]);
    await settle();
    expect(short(sink.take())).toEqual(['change c/a +6,4 -2', 'NO_CHANGE ']);
    fixture.store.apply([{ delete: `${ROOT}/c/a` }]);
    await settle();
    expect(short(sink.take())).toEqual(['delete c/a -6,4', 'NO_CHANGE ']);
  });

  it('of two streams share the messages', async () => {
    const fixture = createFixture();
    const one = await listening(fixture, queryTarget(2, {}));
    const two = await listening(fixture, queryTarget(2, {}));
    fixture.store.apply([set('c/a', { n: 1 })]);
    await settle();
    expect(one.sink.sent).toHaveLength(2);
    expect(one.sink.sent[0]).toBe(two.sink.sent[0]);
    expect(one.sink.sent[1]).toBe(two.sink.sent[1]);
  });

  it('get nothing more when they are removed', async () => {
    const fixture = createFixture();
    const { stream, sink } = await listening(
      fixture,
      queryTarget(2, {}),
      documentsTarget(4, ['c/a']),
    );
    stream.receive({ removeTarget: 2 });
    stream.receive({ removeTarget: 8 });
    await settle();
    expect(short(sink.take())).toEqual(['REMOVE 2']);
    fixture.store.apply([set('c/a', {})]);
    await settle();
    expect(short(sink.take())).toEqual(['change c/a +4 -', 'NO_CHANGE ']);
  });
});

describe('a documents target', () => {
  it('says that a document does not exist', async () => {
    const fixture = createFixture();
    fixture.store.apply([set('c/a', {})]);
    const { first } = await listening(fixture, documentsTarget(2, ['c/a', 'c/b']));
    expect(short(first)).toEqual([
      'ADD 2',
      'change c/a +2 -',
      'delete c/b -2',
      'CURRENT 2',
      'NO_CHANGE ',
    ]);
  });

  it('ends after its first results when it is for once', async () => {
    const fixture = createFixture();
    const { sink, first } = await listening(fixture, documentsTarget(2, ['c/b'], { once: true }));
    expect(short(first).slice(-3)).toEqual(['CURRENT 2', 'NO_CHANGE ', 'REMOVE 2']);
    fixture.store.apply([set('c/b', {})]);
    await settle();
    expect(sink.take()).toEqual([]);
  });
});

describe('resuming', () => {
  it('sends what changed since the token, and the number of results', async () => {
    const fixture = createFixture();
    fixture.store.apply(['a', 'b', 'd'].map((id) => set(`c/${id}`, { n: 1 })));
    const { first } = await listening(fixture, queryTarget(2, { where: positive }));
    const { resumeToken, readTime } = first.at(-1)?.targetChange ?? {};
    fixture.store.apply([set('c/a', { n: 2 }), { delete: `${ROOT}/c/b` }, set('c/d', { n: 0 })]);
    const expected = [
      'ADD 2',
      'delete c/b -2',
      'remove c/d -2',
      'change c/a +2 -',
      'filter 2 1',
      'CURRENT 2',
      'NO_CHANGE ',
    ];
    for (const from of [
      { resumeToken },
      { readTime },
      { resumeToken, expectedCount: { value: 3 } },
    ]) {
      const resumed = await listening(fixture, queryTarget(2, { where: positive }, from));
      expect(short(resumed.first)).toEqual(expected);
    }
    const document = await listening(fixture, documentsTarget(2, ['c/a', 'c/x'], { resumeToken }));
    expect(short(document.first)).toEqual(['ADD 2', 'change c/a +2 -', 'CURRENT 2', 'NO_CHANGE ']);
  });

  it.each([
    ['a token of another run', { resumeToken: Buffer.alloc(16, 1) }],
    ['a token of the wrong size', { resumeToken: Buffer.from('x') }],
    ['a time before what is kept', { readTime: { seconds: 1, nanos: 0 } }],
    ['a future time', { readTime: { seconds: 9_999_999_999, nanos: 0 } }],
  ])('resets the target for %s', async (_name, from) => {
    const fixture = createFixture();
    fixture.store.apply([set('c/a', {})]);
    const query = await listening(fixture, queryTarget(2, {}, from));
    expect(short(query.first)).toEqual([
      'ADD 2',
      'RESET 2',
      'change c/a +2 -',
      'CURRENT 2',
      'NO_CHANGE ',
    ]);
    const document = await listening(fixture, documentsTarget(2, ['c/a'], from));
    expect(short(document.first)).toEqual(short(query.first));
  });

  it('resets the target of a client that counts otherwise', async () => {
    const fixture = createFixture();
    fixture.store.apply([set('c/a', {})]);
    const { first } = await listening(fixture, queryTarget(2, {}));
    const { resumeToken } = first.at(-1)?.targetChange ?? {};
    const from = { resumeToken, expectedCount: { value: 2 } };
    const resumed = await listening(fixture, queryTarget(2, {}, from));
    expect(short(resumed.first)).toContain('RESET 2');
  });
});

describe('requests', () => {
  it.each<[string, v1.ListenRequest[]]>([
    ['without a database', [{ addTarget: { targetId: 2 } }]],
    ['for a document instead of a database', [{ ...queryTarget(2, {}), database: `${ROOT}/a/b` }]],
    [
      'for another database',
      [queryTarget(2, {}), { database: 'projects/p/databases/x', removeTarget: 2 }],
    ],
    ['that add and remove nothing', [{ database: 'projects/p/databases/(default)' }]],
    ['with a negative id', [queryTarget(-1, {})]],
    ['with an id in use', [queryTarget(2, {}), queryTarget(2, {})]],
  ])('%s end the stream', async (_name, requests) => {
    const { stream, sink } = createFixture().open();
    for (const request of requests) stream.receive(request);
    await settle();
    expect(sink.error?.code).toBe(Code.INVALID_ARGUMENT);
    stream.receive(queryTarget(6, {}));
    await settle();
  });

  it.each<[string, v1.ListenRequest]>([
    ['an invalid query', queryTarget(2, { limit: { value: -1 } })],
    ['no documents', documentsTarget(2, [])],
    ['the name of a collection', documentsTarget(2, ['c'])],
    ['neither documents nor a query', { ...queryTarget(2, {}), addTarget: { targetId: 2 } }],
  ])('for %s remove the target only', async (_name, request) => {
    const { sink, first } = await listening(createFixture(), request);
    expect(short(first)).toEqual(['REMOVE 2 code 3']);
    expect(sink.ended).toBe(false);
  });

  it('without ids get ids from the server', async () => {
    const { first } = await listening(
      createFixture(),
      queryTarget(0, {}),
      queryTarget(0, {}),
      queryTarget(7, {}),
    );
    expect(short(first).filter((line) => /^(ADD|REMOVE)/.test(line))).toEqual([
      'ADD 1',
      'ADD 2',
      'REMOVE 7 code 3',
    ]);
  });

  it('are handled before the stream ends when the client has sent all', async () => {
    const { stream, sink } = createFixture().open();
    stream.receive(queryTarget(2, {}));
    stream.finish();
    await settle();
    expect(short(sink.sent)).toContain('CURRENT 2');
    expect([sink.ended, sink.error]).toEqual([true, undefined]);
  });
});

describe('rules', () => {
  const denied = new StatusError(Code.PERMISSION_DENIED, 'no');

  it('end only the targets that they deny', async () => {
    const fixture = createFixture({
      authorizeGet: () => Promise.resolve(),
      authorizeList: () => Promise.reject(denied),
    });
    const { stream, sink } = fixture.open({ caller: CLIENT });
    stream.receive(queryTarget(2, {}));
    stream.receive(documentsTarget(4, ['c/a']));
    await settle();
    expect(short(sink.take())).toEqual([
      'REMOVE 2 code 7',
      'ADD 4',
      'delete c/a -4',
      'CURRENT 4',
      'NO_CHANGE ',
    ]);
    expect(sink.ended).toBe(false);
  });

  it('see a document again when it changes, and nothing of a denied one is sent', async () => {
    const isPrivate = (document: v1.Document | undefined) => document?.fields?.['secret'] != null;
    const fixture = createFixture({
      authorizeGet: (_caller, names, read) =>
        [names].flat().some((name) => isPrivate(read(name)))
          ? Promise.reject(denied)
          : Promise.resolve(),
    });
    const { stream, sink } = fixture.open({ caller: CLIENT });
    stream.receive(documentsTarget(2, ['c/a']));
    stream.receive(documentsTarget(4, ['c/b']));
    await settle();
    sink.take();
    fixture.store.apply([set('c/a', { secret: 1 }), set('c/b', {})]);
    fixture.store.apply([set('c/b', { n: 1 })]);
    await settle();
    expect(short(sink.take())).toEqual(['REMOVE 2 code 7', 'change c/b +4 -', 'NO_CHANGE ']);
    fixture.store.apply([set('c/a', {})]);
    await settle();
    expect(sink.take()).toEqual([]);
  });

  it('decide whether the content of a document that leaves a query is sent', async () => {
    let readable = false;
    const fixture = createFixture({
      authorizeGet: () => (readable ? Promise.resolve() : Promise.reject(denied)),
    });
    fixture.store.apply([set('c/a', { n: 1 }), set('c/b', { n: 1 })]);
    const { stream, sink } = fixture.open({ caller: CLIENT });
    stream.receive(queryTarget(2, { where: positive }));
    await settle();
    sink.take();
    fixture.store.apply([set('c/a', { n: 0 })]);
    await settle();
    expect(short(sink.take())).toEqual(['remove c/a -2', 'NO_CHANGE ']);
    readable = true;
    fixture.store.apply([set('c/b', { n: 0 })]);
    await settle();
    expect(short(sink.take())).toEqual(['change c/b + -2', 'NO_CHANGE ']);
  });

  it('are asked again when the document changes while they decide', async () => {
    let asked = 0;
    const fixture = createFixture({
      authorizeGet: async () => {
        asked += 1;
        if (asked === 1) fixture.store.apply([set('c/a', { n: 1 })]);
        return asked < 2 ? Promise.resolve() : Promise.reject(denied);
      },
    });
    const { stream, sink } = fixture.open({ caller: CLIENT });
    stream.receive(documentsTarget(2, ['c/a']));
    await settle();
    expect(short(sink.sent)).toEqual(['REMOVE 2 code 7']);
  });
});
