/** Runs the backend contract against Firestore and Storage of the local stack. */
import { randomUUID } from 'node:crypto';
import type { Firestore } from 'firebase-admin/firestore';
import { parseConfig, type Config } from '../../functions/src/config/config.js';
import type { Owner } from '../../functions/src/domain/path.js';
import { testBackendContract, type Subject } from '../../functions/test/gcp/backend-contract.js';
import { openBackend } from '../../functions/src/gcp/backend.js';
import { hashToken } from '../../functions/src/domain/token.js';
import { openRecords, type Records } from '../../functions/src/gcp/records.js';
import { emulatorEnvironment } from '../../tools/dev/stack/stack-context.js';
import { BackendTestContext, productsFirestore } from '../support/stack.js';

let context: BackendTestContext;
let subject: Subject;
let config: Config;

beforeAll(() => {
  context = new BackendTestContext();
  const { bucket } = context.stack;
  // Paths and collections that the deployed functions do not use.
  config = parseConfig({
    BUCKET: bucket,
    ORIGINALS_PATH: 'contract/{uid}/{imageId}',
    IMAGES_COLLECTION: 'contract/{uid}/contractImages',
    TOKENS_COLLECTION: 'contractTokens',
    SHARES_COLLECTION: 'contract/{uid}/contractShares',
    JOBS_COLLECTION: 'contractJobs',
  });
  const tokens = context.firestore.collection(config.tokensCollection);
  subject = {
    backend: openBackend(config, emulatorEnvironment(context.stack)),
    async put(name, data, hasDownloadToken) {
      const file = context.bucket.file(name);
      const metadata = hasDownloadToken
        ? { metadata: { firebaseStorageDownloadTokens: 'open' } }
        : {};
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
    async deleteShare(uid, shareId) {
      await context.firestore.doc(`contract/${uid}/contractShares/${shareId}`).delete();
    },
    async deleteImage({ uid, imageId }) {
      await context.firestore.doc(`contract/${uid}/contractImages/${imageId}`).delete();
    },
    async putImage({ uid, imageId }, fields) {
      await context.firestore.doc(`contract/${uid}/contractImages/${imageId}`).set(fields);
    },
    boundMs: config.revocationSeconds * 1000,
    async copyToken(hash, copies, changes) {
      const record = { ...(await tokens.doc(hash).get()).data(), kind: 'share', ...changes };
      const writer = context.firestore.bulkWriter();
      for (const copy of copies) void writer.set(tokens.doc(copy), record);
      await writer.close();
    },
  };
});

afterAll(() => context.close());

testBackendContract('contract/', () => subject);

const SETTINGS = { renditions: 'renditions', all: 'all', quota: 'quota' };

/** Writes an image's records, without any renditions. */
async function writeImage(records: Records, owner: Owner, generation: string): Promise<boolean> {
  const { uid, imageId } = owner;
  const object = { bucket: 'bucket', name: `contract/${uid}/${imageId}`, generation };
  const original = { ...object, contentType: 'image/jpeg', bytes: 3 };
  const start = await records.begin(owner, { original, settings: SETTINGS, reprocess: 'never' });
  if (typeof start === 'string') throw new Error(`expected an attempt, found ${start}`);
  const file = { object: `o/${generation}`, bytes: 3, etag: '"e"' };
  const result = {
    original: { ...original, width: 8, height: 6 },
    variantsBucket: 'bucket',
    placeholder: { thumbhash: 'AAAA', color: '#102030' },
    variants: { w8: { width: 8, height: 6, formats: { webp: file } } },
    renditions: { w8: { width: 8, height: 6, webp: file } },
  };
  return records.finish(owner, start.attempt, result, SETTINGS);
}

/** Opens the records with a replaced `runTransaction`. */
function openRecordsWith(
  runTransaction: (firestore: Firestore) => Firestore['runTransaction'],
): Records {
  const firestore = productsFirestore();
  const replaced = runTransaction(firestore);
  const proxy = new Proxy(firestore, {
    get: (target, name) => {
      if (name === 'runTransaction') return replaced;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return openRecords(proxy, config);
}

test('a thousand concurrent uploads of one user cause no transaction retries', async () => {
  const uid = `u-${randomUUID()}`;
  let attempts = 0;
  const records = openRecordsWith((firestore) => (work, options) => {
    return firestore.runTransaction((transaction) => {
      attempts += 1;
      return work(transaction);
    }, options);
  });
  const images = Array.from({ length: 1000 }, (_, number) => ({ uid, imageId: `i${number}` }));
  const finished = await Promise.all(images.map((owner) => writeImage(records, owner, '10')));
  expect(finished.every(Boolean)).toBe(true);
  expect(attempts).toBe(2 * images.length);
}, 120_000);

describe('an image with more tokens than fit in one commit', () => {
  const SHARES = 400;
  let owner: Owner;

  /** Opens records that throw before the given transaction, as if the process had died. */
  const openDying = (deathAt: number) => {
    const counter = { transactions: 0 };
    const records = openRecordsWith((firestore) => (work, options) => {
      counter.transactions += 1;
      if (counter.transactions === deathAt) return Promise.reject(new Error('died'));
      return firestore.runTransaction(work, options);
    });
    return { records, counter };
  };
  const readGenerations = async () => {
    const { image, tokens } = await subject.backend.records.find(owner);
    const generations = [...tokens.values()].map((token) => token.image?.generation);
    return {
      tokens: tokens.size,
      generations: new Set(generations),
      image: image?.original.generation,
    };
  };

  beforeEach(async () => {
    owner = { uid: `u-${randomUUID()}`, imageId: 'cat' };
    await writeImage(subject.backend.records, owner, '10');
    const [hash = ''] = (await subject.backend.records.find(owner)).tokens.keys();
    const copies = Array.from({ length: SHARES }, (_, index) => `${owner.uid}-${index}`);
    await subject.copyToken(hash, copies);
  }, 60_000);

  test('the next attempt updates all tokens after a process died between two commits', async () => {
    const { records, counter } = openDying(3);
    await expect(writeImage(records, owner, '11')).rejects.toThrow('died');
    expect(counter.transactions).toBe(3);
    // Some tokens are updated, each completely; the image record is not ahead of them.
    expect((await readGenerations()).generations).toEqual(new Set(['10', '11']));
    await expect(writeImage(subject.backend.records, owner, '11')).resolves.toBe(true);
    const all = { tokens: SHARES + 1, generations: new Set(['11']), image: '11' };
    await expect(readGenerations()).resolves.toEqual(all);
  }, 60_000);

  test('an image keeps its default token until the last commit of its deletion', async () => {
    const { records } = openDying(3);
    await expect(records.remove(owner, { newest: '10' })).rejects.toThrow('died');
    const { image, tokens } = await subject.backend.records.find(owner);
    expect(tokens.size).toBeGreaterThan(1);
    expect(tokens.size).toBeLessThan(SHARES);
    expect(tokens.has(hashToken(image?.token ?? ''))).toBe(true);
    await expect(subject.backend.records.remove(owner, { newest: '10' })).resolves.toBe(true);
    const none = { tokens: 0, generations: new Set(), image: undefined };
    await expect(readGenerations()).resolves.toEqual(none);
  }, 60_000);
});
