/** Focal points, teasers and watermarks with real pixels, on Firestore and Storage of the local stack. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';
import { openProjectReader } from '../../functions/src/gcp/open-reader.js';
import { openWatermark } from '../../functions/src/lifecycle/watermark.js';
import { processImage } from '../../functions/src/processing/process-image.js';
import { openHandler } from '../../functions/src/serve/handler.js';
import { handleHttp } from '../../functions/src/serve/http.js';
import type { Manifest } from '../../functions/src/serve/manifest.js';
import { settle } from '../../functions/test/lifecycle/memory-harness.js';
import { get, statusOf } from '../support/http.js';
import { colorAt, columns, solidPng } from '../support/pictures.js';
import { BackendTestContext } from '../support/stack.js';
import { openStackHarness, type StackHarness } from '../support/stack-harness.js';

const FOLDER = 'options';
const NAME = `${FOLDER}/alice/cat`;
const OWNER = { uid: 'alice', imageId: 'cat' };
const LOGO = `${FOLDER}Marks/logo.png`;
/** Sharp, and thus not public. */
const SHARP = 'w300:300';
const PARAMETERS = {
  VARIANTS: `face:80x80:cover:focal,teaser:240:blur=9,mark:120:watermark,${SHARP}`,
  WATERMARK: `${LOGO}?gravity=southeast&scale=0.5&opacity=1`,
  FORMATS: 'jpeg',
};

let context: BackendTestContext;
let stack: StackHarness;
let server: Server;

beforeAll(async () => {
  context = new BackendTestContext();
  stack = openStackHarness(context, FOLDER, PARAMETERS);
  const { harness, backend } = stack;
  const { config } = harness;
  if (config.watermark === undefined) throw new Error('expected a watermark, found none');
  harness.useProcessing({
    processImage: (bytes, settings) => processImage(bytes, settings),
    readWatermark: openWatermark(config.watermark, backend.objects, () => harness.now()),
  });
  const { projectId } = context.stack;
  const reader = openProjectReader({ ...config, projectId }, process.env);
  const handler = openHandler({ config, reader, log: () => undefined });
  server = createServer((request, response) => void handleHttp(request, response, handler));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await context.close();
});

async function upload(focus?: string): Promise<void> {
  const metadata = { contentType: 'image/jpeg', ...(focus && { metadata: { focus } }) };
  const data = await columns(600, 400);
  await context.bucket.file(NAME).save(data, { resumable: false, metadata });
  const [{ generation }] = await context.bucket.file(NAME).getMetadata();
  const { harness } = stack;
  const event = { name: NAME, generation: String(generation), time: harness.now() };
  harness.events.push({ kind: 'finalized', bytes: data.length, ...event });
  await settle(stack);
}

const putWatermark = (data: Buffer) =>
  context.bucket.file(LOGO).save(data, { resumable: false, contentType: 'image/png' });

async function backfill(): Promise<void> {
  await stack.backend.queues.enqueueBackfill({}, `run-${stack.harness.now()}`);
  await settle(stack);
}

async function record() {
  const { image } = await stack.backend.records.find(OWNER);
  if (image === undefined) throw new Error('expected an image record, found none');
  return image;
}

const urlOf = (token: string, path: string) =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}${path}`;

test('a photo waits for its watermark, is cropped around its focus, and stays private behind its teaser', async () => {
  // Missing: the original stays.
  await upload('0.1,0.6');
  expect(await record()).toMatchObject({
    state: 'failed',
    error: {
      code: 'watermark-unavailable',
      message: expect.stringMatching(/^[A-Z].+\.$/) as string,
    },
  });
  expect((await context.bucket.file(NAME).exists())[0]).toBe(true);

  await putWatermark(await solidPng(40, 40, '#ffffff'));
  await backfill();
  const { state, token, original } = await record();
  expect({ state, focus: original.focus }).toEqual({ state: 'ready', focus: { x: 0.1, y: 0.6 } });

  // The default token shows the two that are not sharp, whatever the URL asks for.
  const marked = (await get(urlOf(token, '/mark'))).body;
  expect(await colorAt(marked, 0.1, 0.1)).toBe('red');
  expect(await colorAt(marked, 0.9, 0.9)).toBe('white');
  expect(await colorAt(marked, 0.9, 0.1)).toBe('blue');
  const teaser = await sharp((await get(urlOf(token, '/teaser'))).body).stats();
  const sharpest = await sharp(await columns(240, 160)).stats();
  expect(teaser.sharpness).toBeLessThan(sharpest.sharpness / 3);
  for (const path of ['/w300', '/w300.jpg', '/face']) {
    expect([path, await statusOf(urlOf(token, path))]).toEqual([path, 404]);
  }
  const widest = await get(urlOf(token, '?w=9999'));
  expect(widest.body.equals((await get(urlOf(token, '/teaser'))).body)).toBe(true);
  const manifest = JSON.parse(String((await get(urlOf(token, ''))).body)) as Manifest;
  expect(manifest.variants.map(({ name }) => name)).toEqual(['mark', 'teaser']);

  // A share of the owner shows the others.
  const shareId = '6f1f6c6e-5a3e-4b2e-9a51-0e8f0f1d2c3b';
  const share = { action: 'createShare', imageId: 'cat', shareId, expiresIn: null };
  const called = (await stack.harness.handle({
    kind: 'call',
    call: { uid: 'alice', data: share },
  })) as { answer: { token: string } };
  const shared = called.answer.token;
  const face = (await get(urlOf(shared, '/face'))).body;
  expect([await colorAt(face, 0.1, 0.5), await colorAt(face, 0.9, 0.5)]).toEqual(['red', 'green']);
  expect(await statusOf(urlOf(shared, '/w300'))).toBe(200);

  // The owner moves the focus.
  const setFocus = { action: 'setFocus', imageId: 'cat', focus: { x: 1, y: 0.5 } };
  await stack.harness.handle({ kind: 'call', call: { uid: 'alice', data: setFocus } });
  await settle(stack);
  const moved = (await get(urlOf(shared, '/face'))).body;
  expect([await colorAt(moved, 0.1, 0.5), await colorAt(moved, 0.9, 0.5)]).toEqual([
    'green',
    'blue',
  ]);

  // Deleted later: what exists is still shown, a new upload fails, and is repaired as before.
  await context.bucket.file(LOGO).delete();
  stack.time.now += 61_000;
  await upload('2,0.5');
  expect((await record()).error?.code).toBe('watermark-unavailable');
  expect(await statusOf(urlOf(token, '/mark'))).toBe(200);
  await putWatermark(await solidPng(40, 40, '#ffffff'));
  await backfill();
  const repaired = await record();
  expect(repaired.state).toBe('ready');
  // Not two numbers from 0 to 1: centered.
  expect(repaired.original).not.toHaveProperty('focus');
  const centered = (await get(urlOf(shared, '/face'))).body;
  expect([await colorAt(centered, 0.02, 0.5), await colorAt(centered, 0.98, 0.5)]).toEqual([
    'red',
    'blue',
  ]);
}, 60_000);
