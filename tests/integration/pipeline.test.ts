/** From upload to public URL on the local stack: records, URLs, revocation of download tokens. */
import { ref, uploadBytes } from 'firebase/storage';
import sharp from 'sharp';
import { hashToken, isToken, mintToken } from '../../functions/src/domain/token.js';
import type { Manifest } from '../../functions/src/serve/manifest.js';
import type { DemoUser } from '../../tools/dev/start/demo-user.js';
import { waitForImage } from '../../tools/dev/stack/wait-for-image.js';
import { eventually } from '../support/eventually.js';
import { get, statusOf } from '../support/http.js';
import { middleOf, photo, plainJpeg } from '../support/pictures.js';
import { uploadForLink } from '../support/rest.js';
import { TestContext } from '../support/stack.js';

const FORM_PREFIX = { kit: 'kit-images-', extension: 'ext-images-' };
const GENERATION = /^\d+$/;
const FILE = {
  bytes: expect.any(Number) as number,
  etag: expect.stringMatching(/^".+"$/) as string,
  object: expect.stringMatching(/^variants\//) as string,
};

let context: TestContext;
let owner: DemoUser;
let image: Awaited<ReturnType<TestContext['upload']>>;

beforeAll(async () => {
  context = new TestContext();
  owner = await context.user();
  image = await context.upload(owner, photo(), { imageId: 'seeding.jpg' });
}, 60_000);

afterAll(() => context.close());

/** Returns the object name of a rendition of the image. */
async function renditionNameOf(token: string, variant: string): Promise<string> {
  const tokenRecord = await context.tokenRecord(hashToken(token));
  const name = tokenRecord?.image?.renditions[variant]?.webp?.object;
  if (name === undefined) throw new Error(`expected the rendition ${variant}.webp, found none`);
  return name;
}

test('runs the functions in the requested form', () => {
  expect(context.stack.serve).toContain(`/${FORM_PREFIX[context.stack.form]}serve`);
});

describe('records', () => {
  test('the image record has the documented fields', () => {
    const { record, name } = image;
    expect(record).toEqual({
      id: 'seeding.jpg',
      state: 'ready',
      original: {
        bucket: context.stack.bucket,
        name,
        generation: expect.stringMatching(GENERATION) as string,
        contentType: 'image/jpeg',
        bytes: photo().length,
        width: 5312,
        height: 2988,
      },
      token: expect.stringMatching(/^spv_[0-9A-Za-z]{33}$/) as string,
      variants: Object.fromEntries(
        [
          ['thumb', 200, 200, true, ['webp', 'jpeg']] as const,
          ['w400', 400, 225, false, ['webp', 'jpeg']] as const,
          ['w800', 800, 450, false, ['webp', 'jpeg']] as const,
          ['w1600', 1600, 900, false, ['webp', 'jpeg']] as const,
          ['og', 1200, 630, true, ['jpeg']] as const,
        ].map(([variant, width, height, isCropped, formats]) => [
          variant,
          {
            width,
            height,
            ...(isCropped && { cropped: true }),
            formats: Object.fromEntries(formats.map((format) => [format, FILE])),
          },
        ]),
      ),
      placeholder: {
        thumbhash: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/) as string,
        color: expect.stringMatching(/^#[0-9a-f]{6}$/) as string,
      },
      settings: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      createdAt: expect.anything() as unknown,
      updatedAt: expect.anything() as unknown,
    });
    expect(isToken(record.token)).toBe(true);
  });

  test('the id of the token record is the hash of the token, and it does not contain the token', async () => {
    const { record } = image;
    const tokenRecord = await context.tokenRecord(hashToken(record.token));
    expect(tokenRecord).toMatchObject({
      uid: owner.uid,
      imageId: 'seeding.jpg',
      kind: 'default',
      image: { bucket: context.stack.bucket, generation: record.original.generation },
    });
    expect(JSON.stringify(tokenRecord)).not.toContain(record.token);
  });

  test('object names of renditions have neither owner nor file name, and the objects no metadata', async () => {
    const name = await renditionNameOf(image.record.token, 'w800');
    expect(name).toMatch(/^variants\/[\w-]{43}\/\d+\/w800-[\w-]{8}\.webp$/);
    expect(name).not.toContain(owner.uid);
    const [metadata] = await context.bucket.file(name).getMetadata();
    expect(metadata.contentType).toBe('image/webp');
    expect(Object.keys(metadata.metadata ?? {})).toEqual([]);
  });
});

describe('public URLs', () => {
  test.each(['thumb', 'w400', 'w800', 'w1600'])('%s is served in every format', async (variant) => {
    for (const [extension, type, format] of [
      ['webp', 'image/webp', 'webp'],
      ['jpg', 'image/jpeg', 'jpeg'],
    ] as const) {
      const url = context.serveUrl(image.record.token, `${variant}.${extension}`);
      const response = await get(url);
      expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
      const bytes = response.body;
      const { width, height, formats } = image.record.variants?.[variant] ?? { formats: {} };
      const metadata = await sharp(bytes).metadata();
      expect([metadata.format, metadata.width, metadata.height]).toEqual([format, width, height]);
      expect(bytes.length).toBe(formats[format]?.bytes);
      expect(metadata.exif).toBeUndefined();
    }
  });

  test('work through the Firebase Hosting rewrite of /i', async () => {
    const response = await get(`${context.stack.demo}i/${image.record.token}/w400.jpg`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    expect(await statusOf(`${context.stack.demo}i/${mintToken()}/w400.jpg`)).toBe(404);
  });

  test('support If-None-Match, HEAD and content negotiation', async () => {
    const url = context.serveUrl(image.record.token, 'w800');
    const head = await get(url, { method: 'HEAD', headers: { accept: 'image/webp' } });
    const etag = head.headers.get('etag') ?? '';
    expect(head.status).toBe(200);
    expect(head.headers.get('vary')).toContain('Accept');
    expect(head.headers.get('content-type')).toBe('image/webp');
    expect(Number(head.headers.get('content-length'))).toBe(
      image.record.variants?.['w800']?.formats.webp?.bytes,
    );
    expect(head.headers.get('x-content-type-options')).toBe('nosniff');
    const cached = await get(url, { headers: { accept: 'image/webp', 'if-none-match': etag } });
    expect([cached.status, cached.body.length]).toEqual([304, 0]);
  });

  test('return 405 for any method but GET, HEAD and OPTIONS', async () => {
    const url = context.serveUrl(image.record.token, 'w800');
    const { status, headers } = await get(url, { method: 'POST' });
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  test('the manifest has a working URL for every rendition', async () => {
    const url = context.serveUrl(image.record.token);
    const manifest = JSON.parse(String((await get(url)).body)) as Manifest;
    expect(manifest.version).toBe(1);
    expect(manifest.placeholder).toEqual(image.record.placeholder);
    for (const { formats } of manifest.variants) {
      for (const { url: relative } of Object.values(formats)) {
        expect(await statusOf(new URL(relative, url))).toBe(200);
      }
    }
    expect(manifest.variants).toHaveLength(5);
  });

  test('return the same 404 for every invalid token, variant and format', async () => {
    const { token } = image.record;
    const responses = await Promise.all(
      [
        context.serveUrl('nonsense', 'w800'),
        context.serveUrl(mintToken(), 'w800'),
        context.serveUrl(token, 'w801'),
        context.serveUrl(token, 'w800.avif'),
        context.serveUrl(hashToken(token), 'w800'),
      ].map(async (url) => {
        const { status, headers, body } = await get(url);
        const compared = [...headers].filter(([name]) => name !== 'date');
        return { status, headers: Object.fromEntries(compared), body: String(body) };
      }),
    );
    const [first] = responses;
    expect(first?.status).toBe(404);
    expect(first?.headers['cache-control']).toBe('no-store');
    for (const response of responses) expect(response).toEqual(first);
  });
});

describe('Cloud Storage', () => {
  test('returns 403 for the original without credentials', async () => {
    expect(await statusOf(context.objectUrl(image.name))).toBe(403);
  });

  test('returns 403 for the download token of the upload once it is revoked', async () => {
    const name = `originals/${owner.uid}/with-download-token`;
    const { downloadToken } = await uploadForLink(context, owner, name, photo());
    const url = `${context.objectUrl(name)}&token=${downloadToken}`;
    await eventually(
      () => statusOf(url),
      (status) => expect(status).toBe(403),
    );
  });

  test('returns 403 for a rendition by its object name', async () => {
    const name = await renditionNameOf(image.record.token, 'w800');
    expect(await statusOf(context.objectUrl(name))).toBe(403);
  });
});

describe('metadataUpdated', () => {
  const KEY = 'firebaseStorageDownloadTokens';

  /** Adds a download token as an admin can, for example in the Firebase console. @returns its URL */
  async function addDownloadToken(name: string): Promise<string> {
    const downloadToken = crypto.randomUUID();
    await context.bucket
      .file(name)
      .setMetadata({ metadata: { [KEY]: downloadToken, note: 'kept' } });
    return `${context.objectUrl(name)}&token=${downloadToken}`;
  }

  const waitUntilRevoked = (url: string) =>
    eventually(
      () => statusOf(url),
      (status) => expect(status).toBe(403),
    );

  test('revokes a download token of an original or a rendition and keeps other metadata', async () => {
    const rendition = await renditionNameOf(image.record.token, 'w400');
    for (const name of [image.name, rendition]) {
      await waitUntilRevoked(await addDownloadToken(name));
      const [{ metadata }] = await context.bucket.file(name).getMetadata();
      expect(metadata).toEqual({ note: 'kept' });
    }
    expect(await statusOf(context.serveUrl(image.record.token, 'w400.webp'))).toBe(200);
  });

  test('does not change the metadata again after its own change', async () => {
    const { name } = image;
    await waitUntilRevoked(await addDownloadToken(name));
    const [{ metageneration }] = await context.bucket.file(name).getMetadata();
    // A loop would have changed the metadata again before this later event is handled.
    await waitUntilRevoked(await addDownloadToken((await context.upload(owner, photo())).name));
    const [after] = await context.bucket.file(name).getMetadata();
    expect(after.metageneration).toBe(metageneration);
  });

  test('ignores a download token and metadata that a client sets in an upload', async () => {
    const imageId = 'with-metadata';
    const name = `originals/${owner.uid}/${imageId}`;
    const downloadToken = 'chosen-by-a-client';
    const { metadata } = await uploadBytes(ref(owner.storage, name), photo(), {
      contentType: 'image/jpeg',
      cacheControl: 'public, max-age=31536000',
      customMetadata: { [KEY]: downloadToken, caption: 'a secret' },
    });
    expect(await statusOf(`${context.objectUrl(name)}&token=${downloadToken}`)).toBe(403);
    const { generation } = metadata;
    const { token } = await waitForImage(owner, { imageId, generation });
    const rendition = await renditionNameOf(token, 'w800');
    const [stored] = await context.bucket.file(rendition).getMetadata();
    expect(stored.metadata).toBeUndefined();
    expect(stored.cacheControl).toBe('private, no-store');
  });

  test('keeps download tokens of objects in other folders', async () => {
    const file = context.bucket.file('elsewhere/photo.jpg');
    await file.save(photo(), { resumable: false });
    const url = await addDownloadToken('elsewhere/photo.jpg');
    await waitUntilRevoked(await addDownloadToken(image.name));
    expect(await statusOf(url)).toBe(200);
  });
});

describe('tokens', () => {
  test('an upload with the same id keeps the token and replaces the renditions', async () => {
    const first = await context.upload(owner, await plainJpeg(900, 600, '#c00000'), {
      imageId: 'over',
    });
    const second = await context.upload(owner, await plainJpeg(600, 900, '#0000c0'), {
      imageId: 'over',
    });
    expect(second.record.token).toBe(first.record.token);
    expect(second.record.original).toMatchObject({ width: 600, height: 900 });
    const { body } = await get(context.serveUrl(second.record.token, 'w400.jpg'));
    const [red, , blue] = await middleOf(body);
    expect(red).toBeLessThan(60);
    expect(blue).toBeGreaterThan(150);
  });

  test('return 404 once the token record is deleted', async () => {
    const { record } = await context.upload(owner, await plainJpeg(50, 50, '#00c000'));
    const url = context.serveUrl(record.token, 'thumb.webp');
    expect(await statusOf(url)).toBe(200);
    await context.firestore.collection('imageTokens').doc(hashToken(record.token)).delete();
    expect(await statusOf(url)).toBe(404);
  });

  test('stay revoked after a later upload', async () => {
    const options = { imageId: 'revoked' };
    const { record } = await context.upload(owner, await plainJpeg(50, 50, '#00c000'), options);
    const url = context.serveUrl(record.token, 'thumb.webp');
    await context.firestore.collection('imageTokens').doc(hashToken(record.token)).delete();
    const again = await context.upload(owner, await plainJpeg(60, 60, '#00c000'), options);
    expect(again.record.state).toBe('ready');
    expect(await statusOf(url)).toBe(404);
  });
});
