/** A bucket (VARIANTS_BUCKET) and a database (DATABASE_ID) of their own, on Firestore and Storage of the local stack. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Bucket } from '@google-cloud/storage';
import { renditionsFolder, type Owner } from '../../functions/src/domain/path.js';
import { openProjectReader } from '../../functions/src/gcp/open-reader.js';
import { hashToken } from '../../functions/src/domain/token.js';
import { settle } from '../../functions/test/lifecycle/memory-harness.js';
import { renditionText } from '../../functions/test/lifecycle/test-harness.js';
import { statusOf } from '../support/http.js';
import { BackendTestContext } from '../support/stack.js';
import { openStackHarness, type StackHarness } from '../support/stack-harness.js';

const ROOT = 'separate';
const NAME = `${ROOT}/alice/cat`;
const OWNER: Owner = { uid: 'alice', imageId: 'cat' };

let context: BackendTestContext;
let variantsBucket: Bucket;
let stack: StackHarness;

beforeAll(() => {
  context = new BackendTestContext();
  variantsBucket = context.bucket.storage.bucket(`${context.stack.projectId}-variants`);
  stack = openStackHarness(context, ROOT, { VARIANTS_BUCKET: variantsBucket.name });
});
afterAll(() => context.close());

async function namesIn(bucket: Bucket, prefix: string): Promise<string[]> {
  const [files] = await bucket.getFiles({ prefix });
  return files.map(({ name }) => name);
}

test('renditions are written, served, replaced and deleted in VARIANTS_BUCKET only', async () => {
  const { harness, backend, findings } = stack;
  const folder = renditionsFolder(harness.config.variantsPath, context.stack.bucket, NAME);
  await harness.upload(NAME, 'cat');
  await settle(stack);
  expect(await namesIn(variantsBucket, folder)).toHaveLength(4);
  expect(await namesIn(context.bucket, `${harness.config.variantsPath}/`)).toEqual([]);

  const { image } = await backend.records.find(OWNER);
  const reader = openProjectReader(
    { ...harness.config, projectId: context.stack.projectId },
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
  await settle(stack);
  const after = await namesIn(variantsBucket, folder);
  expect(after).toHaveLength(4);
  expect(after.filter((name) => before.includes(name))).toEqual([]);

  await harness.delete(NAME);
  await settle(stack);
  expect(await namesIn(variantsBucket, folder)).toEqual([]);
});

test('the doctor finds and fixes a download token and a missing rendition in VARIANTS_BUCKET', async () => {
  const { harness, findings } = stack;
  const folder = renditionsFolder(harness.config.variantsPath, context.stack.bucket, NAME);
  await harness.upload(NAME, 'cat');
  await settle(stack);
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

test('all records are in the database of DATABASE_ID only, and are read there', async () => {
  const changes = { DATABASE_ID: 'photos' };
  const named = openStackHarness(context, 'named', changes);
  const { harness, backend, findings } = named;
  await harness.upload('named/alice/cat', 'cat');
  await settle(named);
  const { image, tokens } = await backend.records.find(OWNER);
  expect([image?.state, tokens.size]).toEqual(['ready', 1]);
  const hash = hashToken(image?.token ?? '');
  const signal = AbortSignal.timeout(10_000);
  const { projectId } = context.stack;
  const find = (databaseId: string) =>
    openProjectReader({ ...harness.config, projectId, databaseId }, process.env).findToken(
      hash,
      signal,
    );
  await expect(find('photos')).resolves.toMatchObject({ uid: 'alice' });
  await expect(find('(default)')).resolves.toBeUndefined();
  const other = await context.firestore.doc('named/alice/namedImages/cat').get();
  expect(other.exists).toBe(false);
  await expect(findings()).resolves.toMatchObject({ findings: [] });
  await harness.backend.queues.enqueuePurge({ uid: 'alice' });
  await settle(named);
  expect((await backend.records.find(OWNER)).image).toBeUndefined();
  await expect(find('photos')).resolves.toBeUndefined();
});
