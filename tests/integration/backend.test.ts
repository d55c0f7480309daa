/** The backend on the local stack keeps the contract that its stand-in in memory keeps. */
import { randomUUID } from 'node:crypto';
import type { Firestore } from 'firebase-admin/firestore';
import { parseConfig, type Config } from '../../functions/src/config/config.js';
import type { Owner } from '../../functions/src/domain/path.js';
import { testBackendContract, type Subject } from '../../functions/test/gcp/backend-contract.js';
import { openBackend } from '../../functions/src/gcp/backend.js';
import { hashToken } from '../../functions/src/domain/token.js';
import { openRecords, type Records } from '../../functions/src/gcp/records.js';
import { closeProductsApp, productsFirestore, TestContext } from '../support/stack.js';

let stage: TestContext;
let subject: Subject;
let config: Config;

beforeAll(() => {
  stage = new TestContext();
  const { bucket, projectId } = stage.stack;
  process.env['GCLOUD_PROJECT'] = projectId;
  // Beside the functions' own: they neither see these originals nor these records.
  config = parseConfig({
    BUCKET: bucket,
    ORIGINALS_PATH: 'contract/{uid}/{imageId}',
    IMAGES_COLLECTION: 'contract/{uid}/contractImages',
    TOKENS_COLLECTION: 'contractTokens',
    JOBS_COLLECTION: 'contractJobs',
  });
  const tokens = stage.firestore.collection(config.tokensCollection);
  subject = {
    backend: openBackend(config, {}),
    async put(name, data, isOpen) {
      const file = stage.bucket.file(name);
      const metadata = isOpen ? { metadata: { firebaseStorageDownloadTokens: 'open' } } : {};
      await file.save(data, {
        resumable: false,
        metadata: { contentType: 'image/jpeg', ...metadata },
      });
      const [{ generation }] = await file.getMetadata();
      return String(generation);
    },
    async deleteToken(hash) {
      await tokens.doc(hash).delete();
    },
    async deleteImage({ uid, imageId }) {
      await stage.firestore.doc(`contract/${uid}/contractImages/${imageId}`).delete();
    },
    async putImage({ uid, imageId }, fields) {
      await stage.firestore.doc(`contract/${uid}/contractImages/${imageId}`).set(fields);
    },
    async copyToken(hash, copies, changes) {
      const record = { ...(await tokens.doc(hash).get()).data(), kind: 'share', ...changes };
      const writer = stage.firestore.bulkWriter();
      for (const copy of copies) void writer.set(tokens.doc(copy), record);
      await writer.close();
    },
  };
});

afterAll(async () => {
  await closeProductsApp();
  await stage.close();
});

testBackendContract('contract/', () => subject);

const SETTINGS = { renditions: 'renditions', all: 'all' };

/** Makes an image's records, without a picture. */
async function make(records: Records, owner: Owner, generation: string): Promise<boolean> {
  const { uid, imageId } = owner;
  const where = { bucket: 'bucket', name: `contract/${uid}/${imageId}`, generation };
  const original = { ...where, contentType: 'image/jpeg', bytes: 3 };
  const begun = await records.begin(owner, { original, settings: SETTINGS, reprocess: 'never' });
  if (typeof begun === 'string') throw new Error(`expected an attempt, found ${begun}`);
  const file = { object: `o/${generation}`, bytes: 3, etag: '"e"' };
  const result = {
    original: { ...original, width: 8, height: 6 },
    placeholder: { thumbhash: 'AAAA', color: '#102030' },
    variants: { w8: { width: 8, height: 6, formats: { webp: file } } },
    renditions: { w8: { width: 8, height: 6, webp: file } },
  };
  return records.finish(owner, begun.attempt, result, SETTINGS);
}

/** Records by a Firestore whose `runTransaction` is another one. */
function recordsBy(runTransaction: (firestore: Firestore) => Firestore['runTransaction']): Records {
  const firestore = productsFirestore();
  const replaced = runTransaction(firestore);
  const watched = new Proxy(firestore, {
    get: (target, name) => {
      if (name === 'runTransaction') return replaced;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return openRecords(watched, config);
}

test('a thousand uploads of one owner at once: nobody waits for anybody, no transaction is tried again', async () => {
  const uid = `u-${randomUUID()}`;
  let tries = 0;
  const records = recordsBy((firestore) => (work, options) => {
    return firestore.runTransaction((transaction) => {
      tries += 1;
      return work(transaction);
    }, options);
  });
  const images = Array.from({ length: 1000 }, (_, number) => ({ uid, imageId: `i${number}` }));
  const made = await Promise.all(images.map((owner) => make(records, owner, '10')));
  expect(made.every(Boolean)).toBe(true);
  expect(tries).toBe(2 * images.length);
}, 120_000);

describe('an image with more tokens than one commit takes', () => {
  const SHARES = 400;
  let owner: Owner;

  /** Records whose process ends before one of its transactions. */
  const dying = (before: number) => {
    const died = { transactions: 0 };
    const records = recordsBy((firestore) => (work, options) => {
      died.transactions += 1;
      if (died.transactions === before) return Promise.reject(new Error('died'));
      return firestore.runTransaction(work, options);
    });
    return { records, died };
  };
  const generationsShown = async () => {
    const { image, tokens } = await subject.backend.records.find(owner);
    const shown = [...tokens.values()].map((token) => token.image?.generation);
    return { tokens: tokens.size, shown: new Set(shown), image: image?.original.generation };
  };

  beforeEach(async () => {
    owner = { uid: `u-${randomUUID()}`, imageId: 'cat' };
    await make(subject.backend.records, owner, '10');
    const [hash = ''] = (await subject.backend.records.find(owner)).tokens.keys();
    const copies = Array.from({ length: SHARES }, (_, index) => `${owner.uid}-${index}`);
    await subject.copyToken(hash, copies);
  }, 60_000);

  test('killed between two of its commits, the next attempt brings all to the newest', async () => {
    const { records, died } = dying(3);
    await expect(make(records, owner, '11')).rejects.toThrow('died');
    expect(died.transactions).toBe(3);
    // Some are there already: each is whole by itself, and the image record is not ahead of them.
    expect((await generationsShown()).shown).toEqual(new Set(['10', '11']));
    await expect(make(subject.backend.records, owner, '11')).resolves.toBe(true);
    const all = { tokens: SHARES + 1, shown: new Set(['11']), image: '11' };
    await expect(generationsShown()).resolves.toEqual(all);
  }, 60_000);

  test('killed in the middle of its removal, the image keeps its own token until the end', async () => {
    const { records } = dying(3);
    await expect(records.remove(owner, '10')).rejects.toThrow('died');
    const { image, tokens } = await subject.backend.records.find(owner);
    expect(tokens.size).toBeGreaterThan(1);
    expect(tokens.size).toBeLessThan(SHARES);
    expect(tokens.has(hashToken(image?.token ?? ''))).toBe(true);
    await expect(subject.backend.records.remove(owner, '10')).resolves.toBe(true);
    const nothing = { tokens: 0, shown: new Set(), image: undefined };
    await expect(generationsShown()).resolves.toEqual(nothing);
  }, 60_000);
});
