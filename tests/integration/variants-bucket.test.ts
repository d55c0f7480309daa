/** Renditions in a bucket of their own (VARIANTS_BUCKET), on Firestore and Storage of the local stack. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Bucket } from '@google-cloud/storage';
import { examine } from '../../functions/src/cli/doctor/examine.js';
import { parseConfig } from '../../functions/src/config/config.js';
import { renditionsFolder, type Owner } from '../../functions/src/domain/path.js';
import { openBackend, type Backend } from '../../functions/src/gcp/backend.js';
import { openProjectReader } from '../../functions/src/gcp/open-reader.js';
import { hashToken } from '../../functions/src/domain/token.js';
import { inMemoryBackend } from '../../functions/test/gcp/in-memory-backend.js';
import { settle } from '../../functions/test/lifecycle/memory-harness.js';
import {
  PARAMETERS,
  renditionText,
  TestHarness,
} from '../../functions/test/lifecycle/test-harness.js';
import { statusOf } from '../support/http.js';
import { closeProductsApp, TestContext } from '../support/stack.js';

const NAME = 'separate/alice/cat';
const OWNER: Owner = { uid: 'alice', imageId: 'cat' };
const VARIANTS_PATH = 'separateVariants';

let context: TestContext;
let variantsBucket: Bucket;
let harness: TestHarness;
let backend: Backend;
const time = { now: Date.now() };

beforeAll(() => {
  context = new TestContext();
  process.env['GCLOUD_PROJECT'] = context.stack.projectId;
  variantsBucket = context.bucket.storage.bucket(`${context.stack.projectId}-variants`);
  // The deployed functions ignore the events of these paths.
  const parameters = {
    BUCKET: context.stack.bucket,
    VARIANTS_BUCKET: variantsBucket.name,
    ORIGINALS_PATH: 'separate/{uid}/{imageId}',
    VARIANTS_PATH,
    IMAGES_COLLECTION: 'separate/{uid}/separateImages',
    TOKENS_COLLECTION: 'separateTokens',
    JOBS_COLLECTION: 'separateJobs',
    REVOCATION_SECONDS: '0',
  };
  const now = () => time.now;
  const { tasks, queues } = inMemoryBackend({ now });
  const config = parseConfig({ ...PARAMETERS, ...parameters });
  backend = { ...openBackend(config, {}, now), queues };
  const bucket = {
    put: (name: string, data: Buffer) => context.uploadAsAdmin(name, data),
    delete: async (name: string) => void (await context.bucket.file(name).delete()),
  };
  harness = new TestHarness({ backend, bucket, tasks, now, parameters });
});
afterAll(async () => {
  await closeProductsApp();
  await context.close();
});

async function namesIn(bucket: Bucket, prefix: string): Promise<string[]> {
  const [files] = await bucket.getFiles({ prefix });
  return files.map(({ name }) => name);
}

async function findings() {
  const lifecycle = { config: harness.config, backend, now: () => time.now, log: () => {} };
  return examine(lifecycle, { graceMs: 0 });
}

test('renditions are written, served, replaced and deleted in VARIANTS_BUCKET only', async () => {
  const folder = renditionsFolder(VARIANTS_PATH, context.stack.bucket, NAME);
  await harness.upload(NAME, 'cat');
  await settle({ harness, time });
  expect(await namesIn(variantsBucket, folder)).toHaveLength(4);
  expect(await namesIn(context.bucket, `${VARIANTS_PATH}/`)).toEqual([]);

  const { image } = await backend.records.find(OWNER);
  const reader = openProjectReader(
    { tokensCollection: 'separateTokens', projectId: context.stack.projectId },
    process.env,
  );
  const signal = AbortSignal.timeout(10_000);
  const token = await reader.findToken(hashToken(image?.token ?? ''), signal);
  expect(token?.image?.bucket).toBe(variantsBucket.name);
  const object = token?.image?.renditions['w40']?.webp?.object ?? '';
  const read = await reader.readRendition(variantsBucket.name, object, undefined, signal);
  const body = await buffer(Readable.from(read?.body ?? []));
  expect(body.toString()).toBe(renditionText('cat', 'w40', 'webp'));
  await expect(findings()).resolves.toMatchObject({ findings: [], elsewhere: { count: 0 } });

  // Clients have no access, as in the bucket of the originals.
  const url = `http://${context.stack.storage}/v0/b/${variantsBucket.name}/o/${encodeURIComponent(object)}`;
  expect(await statusOf(`${url}?alt=media`)).toBe(403);

  const before = await namesIn(variantsBucket, folder);
  await harness.upload(NAME, 'cat again');
  await settle({ harness, time });
  const after = await namesIn(variantsBucket, folder);
  expect(after).toHaveLength(4);
  expect(after.filter((name) => before.includes(name))).toEqual([]);

  await harness.delete(NAME);
  await settle({ harness, time });
  expect(await namesIn(variantsBucket, folder)).toEqual([]);
});

test('the doctor finds and fixes a download token and a missing rendition in VARIANTS_BUCKET', async () => {
  const folder = renditionsFolder(VARIANTS_PATH, context.stack.bucket, NAME);
  await harness.upload(NAME, 'cat');
  await settle({ harness, time });
  const [unlocked = '', missing = ''] = await namesIn(variantsBucket, folder);
  await variantsBucket
    .file(unlocked)
    .setMetadata({ metadata: { firebaseStorageDownloadTokens: 'open' } });
  await variantsBucket.file(missing).delete();
  const found = (await findings()).findings;
  expect(found.map(({ kind }) => kind).sort()).toEqual(['missing', 'unlocked']);
  const fixContext = harness.processingContext();
  for (const { fix } of found) await fix(fixContext);
  await expect(findings()).resolves.toMatchObject({ findings: [] });
});
