/** The library on the local stack keeps the contract that its stand-in in memory keeps. */
import { randomUUID } from 'node:crypto';
import { parseConfig, type Config } from '../../functions/src/config/config.js';
import { itIsALibrary, type Subject } from '../../functions/src/library/library.contract.js';
import { openLibrary } from '../../functions/src/library/library.js';
import { hashToken } from '../../functions/src/tokens/token.js';
import { openRecords, type Records } from '../../functions/src/library/records.js';
import { closeProductsApp, productsFirestore, Stage } from '../support/stack.js';

let stage: Stage;
let subject: Subject;
let config: Config;

beforeAll(() => {
  stage = new Stage();
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
    library: openLibrary(config, {}),
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

itIsALibrary('contract/', () => subject);

describe('an image with more tokens than one commit takes', () => {
  const SETTINGS = { recipe: 'recipe', conditions: 'conditions' };
  const SHARES = 400;
  let owner: { uid: string; imageId: string };

  const planOf = (generation: string) => {
    const where = { bucket: 'bucket', name: `contract/${owner.uid}/cat`, generation };
    const original = { ...where, contentType: 'image/jpeg', bytes: 3 };
    return { original, settings: SETTINGS, redo: 'never' as const };
  };
  const resultOf = (generation: string) => {
    const file = { object: `o/${generation}`, bytes: 3, etag: '"e"' };
    return {
      original: { ...planOf(generation).original, width: 8, height: 6 },
      placeholder: { thumbhash: 'AAAA', color: '#102030' },
      variants: { w8: { width: 8, height: 6, formats: { webp: file } } },
      renditions: { w8: { width: 8, height: 6, webp: file } },
    };
  };
  const make = async (records: Records, generation: string) => {
    const begun = await records.begin(owner, planOf(generation));
    if (typeof begun === 'string') throw new Error(`expected an attempt, found ${begun}`);
    return records.finish(owner, begun.attempt, resultOf(generation), SETTINGS);
  };
  /** Records whose process ends before one of its transactions; `transactions` counts them. */
  const dying = (before: number) => {
    const firestore = productsFirestore();
    const died = { transactions: 0 };
    const runTransaction: typeof firestore.runTransaction = (...given) => {
      died.transactions += 1;
      if (died.transactions === before) return Promise.reject(new Error('died'));
      return firestore.runTransaction(...given);
    };
    const watched = new Proxy(firestore, {
      get: (target, name) => {
        if (name === 'runTransaction') return runTransaction;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    return { records: openRecords(watched, config), died };
  };
  const generationsShown = async () => {
    const { image, tokens } = await subject.library.records.find(owner);
    const shown = [...tokens.values()].map((token) => token.image?.generation);
    return { tokens: tokens.size, shown: new Set(shown), image: image?.original.generation };
  };

  beforeEach(async () => {
    owner = { uid: `u-${randomUUID()}`, imageId: 'cat' };
    await make(subject.library.records, '10');
    const [hash = ''] = (await subject.library.records.find(owner)).tokens.keys();
    const copies = Array.from({ length: SHARES }, (_, index) => `${owner.uid}-${index}`);
    await subject.copyToken(hash, copies);
  }, 60_000);

  test('killed between two of its commits, the next attempt brings all to the newest', async () => {
    const { records, died } = dying(3);
    await expect(make(records, '11')).rejects.toThrow('died');
    expect(died.transactions).toBe(3);
    // Some are there already: each is whole by itself, and the image record is not ahead of them.
    expect((await generationsShown()).shown).toEqual(new Set(['10', '11']));
    await expect(make(subject.library.records, '11')).resolves.toBe(true);
    const all = { tokens: SHARES + 1, shown: new Set(['11']), image: '11' };
    await expect(generationsShown()).resolves.toEqual(all);
  }, 60_000);

  test('killed in the middle of its removal, the image keeps its own token until the end', async () => {
    const { records } = dying(3);
    await expect(records.remove(owner, '10')).rejects.toThrow('died');
    const { image, tokens } = await subject.library.records.find(owner);
    expect(tokens.size).toBeGreaterThan(1);
    expect(tokens.size).toBeLessThan(SHARES);
    expect(tokens.has(hashToken(image?.token ?? ''))).toBe(true);
    await expect(subject.library.records.remove(owner, '10')).resolves.toBe(true);
    const nothing = { tokens: 0, shown: new Set(), image: undefined };
    await expect(generationsShown()).resolves.toEqual(nothing);
  }, 60_000);
});
