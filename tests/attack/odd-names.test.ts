/**
 * Originals whose ids are no valid ids of Firestore documents, on the local stack. The security rules refuse them,
 * but an app may have other rules, and the Admin SDK obeys none.
 */
import { readFileSync } from 'node:fs';
import { examine } from '../../functions/src/cli/doctor/examine.js';
import { parseConfig } from '../../functions/src/config/config.js';
import { hashedFolder } from '../../functions/src/domain/path.js';
import { openBackend } from '../../functions/src/gcp/backend.js';
import { emulatorEnvironment } from '../../tools/dev/stack/stack-context.js';
import { eventually } from '../support/eventually.js';
import { plainJpeg } from '../support/pictures.js';
import { BackendTestContext } from '../support/stack.js';

const TOKENS = 'firebaseStorageDownloadTokens';
const NAMES = [
  ...['__x__', '.', '..', 'a\0b', '__a\nb__'].map((uid) => `originals/${uid}/cat`),
  ...['__x__', '.', '..', 'a\0b', ''].map((imageId) => `originals/alice/${imageId}`),
];

let context: BackendTestContext;

beforeAll(() => {
  context = new BackendTestContext();
});
afterAll(() => context.close());

const tokensOf = async (name: string) =>
  (await context.bucket.file(name).getMetadata())[0].metadata?.[TOKENS];

async function expectLocked(): Promise<void> {
  for (const name of NAMES) {
    await eventually(
      () => tokensOf(name),
      (tokens) => expect({ name, tokens: tokens ?? '' }).toEqual({ name, tokens: '' }),
    );
  }
}

function logLines(name: string): string[] {
  const image = hashedFolder(context.stack.bucket, name);
  return readFileSync(context.stack.logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes(image));
}

test('are locked, are not processed, are not retried, and delay no other upload', async () => {
  const jpeg = await plainJpeg(40, 30, '#808000');
  for (const name of NAMES) await context.uploadAsAdmin(name, jpeg);
  const owner = await context.user();
  expect((await context.upload(owner, jpeg)).record.state).toBe('ready');
  await expectLocked();

  // A token that is added later, as getDownloadURL() does.
  for (const name of NAMES) {
    await context.bucket.file(name).setMetadata({ metadata: { [TOKENS]: 'open' } });
  }
  await expectLocked();
  expect((await context.upload(owner, jpeg)).record.state).toBe('ready');

  for (const name of NAMES) {
    const lines = logLines(name);
    expect(lines.filter((line) => line.includes('upload not processed'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('will retry'))).toEqual([]);
  }
  const images = await context.firestore.collectionGroup('images').get();
  const recorded = images.docs.map((image) => String(image.get('original.name')));
  expect(recorded.filter((name) => NAMES.includes(name))).toEqual([]);
}, 120_000);

test('have no finding of the doctor, which locks one whose event was lost', async () => {
  const config = parseConfig({ BUCKET: context.stack.bucket });
  const backend = openBackend(config, emulatorEnvironment(context.stack));
  const lost = { name: NAMES[0] as string, hasDownloadToken: true };
  const listOriginals: typeof backend.objects.listOriginals = async (...page) => {
    const { items, ...next } = await backend.objects.listOriginals(...page);
    return {
      items: items.map((item) => (item.name === lost.name ? { ...item, ...lost } : item)),
      ...next,
    };
  };
  const lifecycle = { config, backend, now: Date.now, log: () => {} };
  const odd = async (of = backend) => {
    const { findings } = await examine({ ...lifecycle, backend: of }, { graceMs: 0 });
    return findings
      .filter(({ of: name }) => NAMES.includes(name))
      .map(({ kind, of: name }) => [kind, name]);
  };
  expect(await odd()).toEqual([]);
  const objects = {
    ...backend.objects,
    listOriginals,
    findOriginal: async (name: string) => {
      const original = await backend.objects.findOriginal(name);
      return original && name === lost.name ? { ...original, ...lost } : original;
    },
  };
  expect(await odd({ ...backend, objects })).toEqual([['unlocked', lost.name]]);
});
