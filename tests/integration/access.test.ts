/** Every cell of the attack table, asked of the running stack. */
import { getDownloadURL, ref } from 'firebase/storage';
import { ADMIN, attack, succeeds, requestsFor } from '../access/attack.js';
import { makeImage, AccessFixture } from '../access/fixture.js';
import { actors, acts, expected, states, things, type Cell, type State } from '../access/table.js';
import { eventually } from '../support/eventually.js';
import { statusOf } from '../support/http.js';
import { TestContext } from '../support/stack.js';

let stage: TestContext;
let scenes: AccessFixture;

beforeAll(async () => {
  stage = new TestContext();
  scenes = await AccessFixture.open(stage);
}, 60_000);

afterAll(() => stage.close());

/** The answers of one actor for one thing in one state. */
async function row(answer: (cell: Cell) => unknown, fixed: Omit<Cell, 'act'>) {
  const answers: Record<string, unknown> = {};
  for (const act of acts) answers[act] = await answer({ ...fixed, act });
  return answers;
}

describe.each(states)('%s', (state) => {
  describe.each(things)('%s', (thing) => {
    test.each(actors)('%s', async (actor) => {
      const fixed = { actor, thing, state };
      const found = await row((cell) => attack(cell, stage, scenes), fixed);
      expect(found).toEqual(await row(expected, fixed));
    });
  });
});

describe('every scene is what it is called', () => {
  const LOOKS: Record<
    State,
    { record: string | undefined; original: boolean; rendition: boolean; token: boolean }
  > = {
    processing: { record: 'processing', original: true, rendition: false, token: true },
    ready: { record: 'ready', original: true, rendition: true, token: true },
    failed: { record: 'failed', original: true, rendition: false, token: true },
    revoked: { record: 'ready', original: true, rendition: true, token: false },
    deleted: { record: undefined, original: false, rendition: false, token: false },
  };

  // After the attacks: a scene that changes by itself must be noticed.
  test.each(states)('%s', async (state) => {
    const { bucket, firestore } = stage;
    for (const actor of ['owner', 'anonymous owner'] as const) {
      const image = await scenes.image(actor, state);
      const [[original], [rendition], record, token] = await Promise.all([
        bucket.file(image.original).exists(),
        bucket.file(image.rendition).exists(),
        firestore.doc(image.imageRecord).get(),
        firestore.doc(image.tokenRecord).get(),
      ]);
      const found = {
        record: record.get('state') as string | undefined,
        original,
        rendition,
        token: token.exists,
      };
      expect(found).toEqual(LOOKS[state]);
    }
  });
});

describe('every request of the table is a real one: an admin succeeds with it', () => {
  test.each(things.slice(0, -1))('%s', async (thing) => {
    const owner = await stage.user();
    let image = await makeImage(stage, owner, 'ready');
    const refused: string[] = [];
    for (const act of acts) {
      // Their tokens can't be right.
      if (act === 'download by token') continue;
      if (act === 'delete') image = await makeImage(stage, owner, 'ready');
      for (const way of requestsFor(thing, act, { stack: stage.stack, image, secrets: {} })) {
        const isOk = await succeeds(way, stage, ADMIN);
        if (!isOk) refused.push(`${act}: ${way.method} ${way.url}`);
      }
    }
    expect(refused).toEqual([]);
  });
});

test('and a download token, sent as in the table, opens what is not locked', async () => {
  const downloadToken = 'a-token-of-storage';
  const image = { ...(await scenes.stranger()), original: 'elsewhere/locks.txt' };
  const file = stage.bucket.file(image.original);
  await file.save('open', { resumable: false });
  await file.setMetadata({ metadata: { firebaseStorageDownloadTokens: downloadToken } });
  const target = { stack: stage.stack, image, secrets: { downloadToken } };
  const ways = requestsFor('original', 'download by token', target);
  const successes = await Promise.all(ways.map((way) => succeeds(way, stage, undefined)));
  // The empty one and the guess, and then the right one.
  expect(successes).toEqual([false, false, true]);
});

test('a download URL that the owner makes is dead soon, and stays so', async () => {
  const owner = await stage.user();
  const { original } = await makeImage(stage, owner, 'ready');
  const minted = async () => {
    const url = await getDownloadURL(ref(owner.storage, original));
    await eventually(
      () => statusOf(url),
      (status) => expect(status).toBe(403),
    );
    return url;
  };
  const first = await minted();
  const second = await minted();
  // Making another one has not brought the first one back.
  expect(second).not.toBe(first);
  expect([await statusOf(first), await statusOf(second)]).toEqual([403, 403]);
});
