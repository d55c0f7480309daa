/** Random commits and streams: what a client holds is what a query at the read time returns. */
import fc from 'fast-check';
import { compileQuery } from '../store/compiled-query.js';
import { order, set, where } from '../store/testing.js';
import type { Store } from '../store/store.js';
import type * as v1 from '../v1.js';
import {
  CLIENT,
  ClientModel,
  createFixture,
  documentsTarget,
  FakeSink,
  OWNER,
  queryTarget,
  ROOT,
  settle,
} from './testing.js';

const QUERIES: readonly v1.Query[] = [
  {},
  { where: where('n', 'GREATER_THAN', 3) },
  { orderBy: [order('n')], limit: { value: 2 } },
  { orderBy: [order('n', 'DESCENDING')], limit: { value: 3 } },
  { orderBy: [order('n')], startAt: { values: [{ integerValue: '2' }] }, limit: { value: 2 } },
  { orderBy: [order('n')], offset: 1, limit: { value: 2 } },
  { orderBy: [order('n')], endAt: { values: [{ integerValue: '5' }], before: true } },
  { from: [{ collectionId: 'c', allDescendants: true }] },
];
const PATHS = ['c/a', 'c/b', 'c/d', 'c/e', 'c/f', 'd/a', 'c/a/c/a'];
const DOCUMENTS = ['c/a', 'c/b'];

const path = fc.constantFrom(...PATHS);
const write = fc.oneof(
  { weight: 3, arbitrary: fc.record({ path, n: fc.integer({ min: 0, max: 7 }) }) },
  fc.record({ path, n: fc.constant(undefined) }),
);
const target = fc.integer({ min: 0, max: QUERIES.length });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('commit' as const),
      writes: fc.array(write, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('toggle' as const), target }) },
  { weight: 2, arbitrary: fc.constant({ type: 'turn' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'reconnect' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'microtask' as const }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A client with one stream at a time; checks each snapshot. */
class Client {
  readonly #wanted = new Set<number>();
  readonly #model: ClientModel;
  #stream: ReturnType<ReturnType<typeof createFixture>['open']>['stream'] | undefined;
  snapshots = 0;

  constructor(
    private readonly fixture: ReturnType<typeof createFixture>,
    private readonly caller: typeof OWNER,
    private readonly canResume: boolean,
  ) {
    this.#model = new ClientModel((model) => {
      this.snapshots += 1;
      for (const id of this.#wanted) if (model.isCurrent(id)) this.#check(id, model.readTime);
    });
    this.connect();
  }

  connect(): void {
    this.#stream?.close();
    const sink = new FakeSink<v1.ListenResponse>();
    sink.send = (message) => this.#model.receive(message);
    this.#stream = this.fixture.open({ caller: this.caller, sink }).stream;
    const current = this.#model.disconnect();
    for (const id of this.#wanted) this.#add(id, this.canResume && current.has(id));
  }

  toggle(index: number): void {
    const id = index + 1;
    if (this.#wanted.delete(id)) {
      this.#model.request(id);
      this.#stream?.receive({ removeTarget: id });
      return;
    }
    this.#wanted.add(id);
    this.#add(id, false);
  }

  #add(id: number, resume: boolean): void {
    this.#model.request(id);
    if (!resume) this.#model.results(id).clear();
    const from = resume ? { resumeToken: this.#model.resumeToken } : {};
    const query = QUERIES[id - 1];
    this.#stream?.receive(
      query ? queryTarget(id, query, from) : documentsTarget(id, DOCUMENTS, from),
    );
  }

  /** At the end nothing is missing. */
  checkAll(): void {
    for (const id of this.#wanted) {
      expect(this.#model.isCurrent(id)).toBe(true);
      this.#check(id, this.fixture.store.now());
    }
  }

  #check(id: number, at: v1.Timestamp): void {
    const held = [...this.#model.results(id).values()].map(inOrder).sort();
    const expected = resultsAt(this.fixture.store, id, at).map(inOrder).sort();
    expect(held).toEqual(expected);
  }
}

function inOrder({ name, fields, updateTime }: v1.Document): string {
  return JSON.stringify([name, fields, updateTime]);
}

function resultsAt(store: Store, id: number, at: v1.Timestamp): v1.Document[] {
  const query = QUERIES[id - 1];
  if (!query) return DOCUMENTS.flatMap((name) => store.read(`${ROOT}/${name}`, at) ?? []);
  return store.query(compileQuery(ROOT, { from: [{ collectionId: 'c' }], ...query }), at);
}

async function run(steps: readonly Step[]): Promise<number> {
  const fixture = createFixture({
    // Rules take a while, differently from client to client.
    authorizeGet: () => new Promise((resolve) => setImmediate(resolve)),
  });
  const clients = [
    new Client(fixture, OWNER, true),
    new Client(fixture, OWNER, false),
    new Client(fixture, CLIENT, true),
  ];
  for (const current of steps) {
    if (current.type === 'commit') {
      fixture.store.apply(
        current.writes.map(({ path: document, n }) =>
          n === undefined ? { delete: `${ROOT}/${document}` } : set(document, { n }),
        ),
      );
    }
    if (current.type === 'toggle') clients.forEach((client) => client.toggle(current.target));
    if (current.type === 'reconnect') clients.forEach((client) => client.connect());
    if (current.type === 'microtask') await Promise.resolve();
    if (current.type === 'turn') await new Promise((resolve) => setImmediate(resolve));
  }
  await settle();
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  clients.forEach((client) => client.checkAll());
  return clients.reduce((sum, { snapshots }) => sum + snapshots, 0);
}

it('holds the results of the read time at each snapshot', async () => {
  let snapshots = 0;
  const numRuns = Number(process.env['FC_RUNS'] ?? 300);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      snapshots += await run(steps);
    }),
    { numRuns },
  );
  expect(snapshots).toBeGreaterThan(numRuns);
});
