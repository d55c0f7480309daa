/** Uploads that are nearly all metadata, through the local stack: they delay nobody, and reveal nothing. */
import { extensionOf, type Format } from '../../functions/src/domain/format.js';
import pLimit from 'p-limit';
import sharp from 'sharp';
import { text } from '../../bench/processing/fields.js';
import { chunk, riff, segment, subBlocks } from '../../bench/processing/file-structure.js';
import { METADATA_BOMBS } from '../../bench/processing/metadata-bombs.js';
import type { DemoUser } from '../../tools/dev/start/demo-user.js';
import { waitForImage } from '../../tools/dev/stack/wait-for-image.js';
import { avifWith, gifWith, jpegWith, pngWith, webpWith } from '../processing/metadata-files.js';
import { get } from '../support/http.js';
import { photo } from '../support/pictures.js';
import { uploadRaw } from '../support/rest.js';
import { ROOT, TestContext } from '../support/stack.js';

let context: TestContext;
let attacker: DemoUser;
let owner: DemoUser;

beforeAll(async () => {
  context = new TestContext();
  [attacker, owner] = await Promise.all([context.user(), context.user()]);
});
afterAll(() => context.close());

/** Uploads an image and downloads what `serve` returns of it: each rendition, and the manifest. */
async function view(user: DemoUser, data: Buffer) {
  const { record } = await context.upload(user, data);
  expect(record.state).toBe('ready');
  const paths = Object.entries(record.variants ?? {}).flatMap(([name, { formats }]) =>
    (Object.keys(formats) as Format[]).map((format) => `${name}.${extensionOf(format)}`),
  );
  const renditions = new Map<string, Buffer>();
  for (const path of paths) {
    const { status, body } = await get(context.serveUrl(record.token, path));
    expect(status).toBe(200);
    renditions.set(path, body);
  }
  const { body: manifest } = await get(context.serveUrl(record.token));
  return { renditions, manifest };
}

/** Parallel uploads of the attacker. */
const UPLOADS = 4;
/** From one upload to its record, in the queue of its owner, milliseconds. Each takes about a second. */
const TIMEOUT_MS = 120_000;

test('bombs of every kind of metadata end with their code, and photos of others become ready meanwhile', async () => {
  const before = (await view(owner, photo())).renditions;
  const bombs: { name: string; data: Buffer; expected: readonly string[] }[] = [];
  for (const { name, make, expected, limits } of METADATA_BOMBS) {
    if (limits === undefined) bombs.push({ name, data: await make(ROOT), expected });
  }
  const { uid } = attacker;
  const outcomes: string[] = [];
  let isOver = false;
  const uploads = pLimit(UPLOADS).map(bombs, async ({ name, data, expected }) => {
    const original = { data, contentType: 'image/jpeg' };
    const path = `originals/${uid}/${name}`;
    const { generation } = await uploadRaw(context, attacker, path, original);
    const options = { imageId: name, generation, timeout: TIMEOUT_MS };
    const { state, error } = await waitForImage(attacker, options);
    const outcome = error?.code ?? state;
    outcomes.push(`${name} ${expected.includes(outcome) || outcome}`);
  });
  const attack = uploads.finally(() => (isOver = true));
  let photos = 0;
  do {
    expect((await view(owner, photo())).renditions).toEqual(before);
    photos += 1;
  } while (!isOver);
  await attack;
  expect(outcomes.sort()).toEqual(bombs.map(({ name }) => `${name} true`).sort());
  expect(photos).toBeGreaterThan(0);
}, 300_000);

const MARK = 'HIDDEN-CONTENT-OF-THE-ORIGINAL';

/** Another image within a file: a thumbnail, a gain map. */
const innerImage = () =>
  sharp({ create: { width: 40, height: 30, channels: 3, background: '#00ff00' } })
    .withExif({ IFD0: { Copyright: MARK } })
    .jpeg()
    .toBuffer();

/** An image whose transparent pixels have the text as colors, or no colors. */
function transparent(hidden: string): sharp.Sharp {
  const [width, height] = [120, 80];
  const data = Buffer.alloc(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    const isHidden = i % width < 60;
    const text = hidden && [0, 1, 2].map((c) => hidden.charCodeAt((3 * i + c) % hidden.length));
    data.set(isHidden ? [...(text || [0, 0, 0]), 0] : [200, 60, i % 256, 255], 4 * i);
  }
  return sharp(data, { raw: { width, height, channels: 4 } });
}

const hiddenItem = (type: string) => ({ type, data: text(MARK), properties: [], hidden: true });

test.each<[string, (mark: string) => Promise<Buffer> | Buffer]>([
  [
    'EXIF, XMP, comments and a gain map of a JPEG',
    async (mark) => {
      if (!mark) return jpegWith();
      const xmp = segment(0xe1, text(`http://ns.adobe.com/xap/1.0/\0<x>${mark}</x>`));
      const exif = segment(0xe1, text(`Exif\0\0II*\0${mark}`), await innerImage());
      const image = await jpegWith(exif, xmp, segment(0xfe, text(mark)));
      return Buffer.concat([image, await innerImage(), text(mark)]);
    },
  ],
  [
    'texts, EXIF and further data of a PNG',
    async (mark) => {
      if (!mark) return pngWith([]);
      const chunks = ['tEXt', 'iTXt', 'eXIf'].map((type) => chunk(type, text(mark)));
      return Buffer.concat([await pngWith(chunks, chunks), text(mark)]);
    },
  ],
  ['transparent pixels of a PNG', (mark) => transparent(mark).png().toBuffer()],
  [
    'transparent pixels of a WebP',
    (mark) => transparent(mark).webp({ lossless: true, exact: true }).toBuffer(),
  ],
  [
    'EXIF, XMP and unknown chunks of a WebP',
    (mark) => {
      const chunks = ['EXIF', 'XMP ', 'ABCD'].map((type) => riff(type, text(mark)));
      return webpWith(mark ? 0x0c : 0, [], mark ? chunks : []);
    },
  ],
  [
    'comments and further data of a GIF',
    (mark) => {
      const comment = Buffer.concat([Buffer.from([0x21, 0xfe]), subBlocks(text(mark))]);
      return mark ? Buffer.concat([gifWith([comment]), text(mark)]) : gifWith([]);
    },
  ],
  [
    'EXIF and XMP of an AVIF',
    (mark) => avifWith(mark ? [hiddenItem('Exif'), hiddenItem('mime')] : []),
  ],
])('serve returns nothing of %s', async (_name, make) => {
  const [planted, clean] = [await make(MARK), await make('')];
  expect(planted.equals(clean)).toBe(false);
  const { renditions, manifest } = await view(owner, planted);
  expect(manifest.includes(MARK)).toBe(false);
  expect(renditions).toEqual((await view(owner, clean)).renditions);
  for (const body of renditions.values()) {
    expect(body.includes(MARK)).toBe(false);
    expect((await sharp(body).raw().toBuffer()).includes(MARK)).toBe(false);
  }
});
