/** Tests every cell of the access table on the running stack. */
import { getDownloadURL, ref } from 'firebase/storage';
import { ADMIN, attack, succeeds, requestsFor } from '../access/attack.js';
import { createImage, AccessFixture } from '../access/fixture.js';
import { actors, acts, expected, states, things, type Cell, type State } from '../access/table.js';
import { eventually } from '../support/eventually.js';
import { statusOf } from '../support/http.js';
import { TestContext } from '../support/stack.js';

let context: TestContext;
let fixture: AccessFixture;

beforeAll(async () => {
  context = new TestContext();
  fixture = await AccessFixture.open(context);
}, 60_000);

afterAll(() => context.close());

/** Returns the answers of one actor for one thing in one state, by act. */
async function rowOf(answer: (cell: Cell) => unknown, cell: Omit<Cell, 'act'>) {
  const answers: Record<string, unknown> = {};
  for (const act of acts) answers[act] = await answer({ ...cell, act });
  return answers;
}

describe.each(states)('%s', (state) => {
  describe.each(things)('%s', (thing) => {
    test.each(actors)('%s', async (actor) => {
      const row = { actor, thing, state };
      const answers = await rowOf((cell) => attack(cell, context, fixture), row);
      expect(answers).toEqual(await rowOf(expected, row));
    });
  });
});

describe('images of the fixture are in the given state', () => {
  const EXPECTED: Record<
    State,
    {
      record: string | undefined;
      original: boolean;
      rendition: boolean;
      token: boolean;
      share: boolean;
    }
  > = {
    processing: {
      record: 'processing',
      original: true,
      rendition: false,
      token: true,
      share: true,
    },
    ready: { record: 'ready', original: true, rendition: true, token: true, share: true },
    failed: { record: 'failed', original: true, rendition: false, token: true, share: true },
    held: { record: 'held', original: true, rendition: true, token: true, share: true },
    revoked: { record: 'ready', original: true, rendition: true, token: false, share: true },
    deleted: { record: undefined, original: false, rendition: false, token: false, share: false },
  };

  // Runs after the attacks, so that an unexpected change of a fixture is detected.
  test.each(states)('%s', async (state) => {
    const { bucket, firestore } = context;
    for (const actor of ['owner', 'anonymous owner'] as const) {
      const image = await fixture.image(actor, state);
      const [[original], [rendition], record, token, share] = await Promise.all([
        bucket.file(image.original).exists(),
        bucket.file(image.rendition).exists(),
        firestore.doc(image.imageRecord).get(),
        firestore.doc(image.tokenRecord).get(),
        firestore.doc(image.shareRecord).get(),
      ]);
      const actual = {
        record: record.get('state') as string | undefined,
        original,
        rendition,
        token: token.exists,
        share: share.exists,
      };
      expect(actual).toEqual(EXPECTED[state]);
    }
  });
});

describe('every request of the table succeeds with admin credentials', () => {
  test.each(things.slice(0, -1))('%s', async (thing) => {
    const owner = await context.user();
    let image = await createImage(context, owner, 'ready');
    const refused: string[] = [];
    for (const act of acts) {
      // Without a valid token; a separate test covers it.
      if (act === 'download by token') continue;
      if (act === 'delete') image = await createImage(context, owner, 'ready');
      for (const request of requestsFor(thing, act, { stack: context.stack, image, secrets: {} })) {
        const isOk = await succeeds(request, context, ADMIN);
        if (!isOk) refused.push(`${act}: ${request.method} ${request.url}`);
      }
    }
    expect(refused).toEqual([]);
  });
});

test('a download token, sent as in the table, gives access to an object outside the protected folders', async () => {
  const downloadToken = 'a-download-token';
  const image = { ...(await fixture.stranger()), original: 'elsewhere/access.txt' };
  const file = context.bucket.file(image.original);
  await file.save('open', { resumable: false });
  await file.setMetadata({ metadata: { firebaseStorageDownloadTokens: downloadToken } });
  const target = { stack: context.stack, image, secrets: { downloadToken } };
  const requests = requestsFor('original', 'download by token', target);
  const successes = await Promise.all(
    requests.map((request) => succeeds(request, context, undefined)),
  );
  // An empty token, a random one, the correct one.
  expect(successes).toEqual([false, false, true]);
});

test("a download URL from the owner's getDownloadURL() is revoked and stays revoked", async () => {
  const owner = await context.user();
  const { original } = await createImage(context, owner, 'ready');
  const createRevokedUrl = async () => {
    const url = await getDownloadURL(ref(owner.storage, original));
    await eventually(
      () => statusOf(url),
      (status) => expect(status).toBe(403),
    );
    return url;
  };
  const first = await createRevokedUrl();
  const second = await createRevokedUrl();
  // The second token does not restore the first.
  expect(second).not.toBe(first);
  expect([await statusOf(first), await statusOf(second)]).toEqual([403, 403]);
});
