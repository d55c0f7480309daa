/** The main job on the real local stack: upload, records, addresses, locks. */
import { getAuth } from 'firebase/auth';
import { ref, uploadBytes } from 'firebase/storage';
import sharp from 'sharp';
import { waitForImage } from '../../packages/client/src/index.js';
import { hashToken, isToken, mintToken } from '../../functions/src/domain/token.js';
import type { Manifest } from '../../functions/src/serve/manifest.js';
import type { DemoUser } from '../../tools/dev/start/demo-user.js';
import { eventually } from '../support/eventually.js';
import { get, statusOf } from '../support/http.js';
import { middleOf, photo, plainJpeg } from '../support/pictures.js';
import { TestContext } from '../support/stack.js';

const FORM_PREFIX = { kit: 'kit-images-', extension: 'ext-images-' };
const GENERATION = /^\d+$/;
const FILE = {
  bytes: expect.any(Number) as number,
  etag: expect.stringMatching(/^".+"$/) as string,
  object: expect.stringMatching(/^variants\//) as string,
};

let stage: TestContext;
let owner: DemoUser;
let image: Awaited<ReturnType<TestContext['upload']>>;

beforeAll(async () => {
  stage = new TestContext();
  owner = await stage.user();
  image = await stage.upload(owner, photo(), { imageId: 'seeding.jpg' });
}, 60_000);

afterAll(() => stage.close());

/** Uploads as the client SDKs do, and reads the answer: it holds a token, which the SDK hides. */
async function uploadAndReadToken(): Promise<{ name: string; downloadToken: string }> {
  const name = `originals/${owner.uid}/with-download-token`;
  const idToken = await getAuth(owner.storage.app).currentUser?.getIdToken();
  const query = `uploadType=media&name=${encodeURIComponent(name)}`;
  const response = await fetch(
    `http://${stage.stack.storage}/v0/b/${stage.stack.bucket}/o?${query}`,
    {
      method: 'POST',
      headers: { authorization: `Firebase ${idToken}`, 'content-type': 'image/jpeg' },
      body: new Uint8Array(photo()),
    },
  );
  const { downloadTokens } = (await response.json()) as { downloadTokens?: string };
  if (!downloadTokens)
    throw new Error(`expected a download token, found status ${response.status}`);
  return { name, downloadToken: downloadTokens };
}

test('the functions run in the form that was asked for', () => {
  expect(stage.stack.serve).toContain(`/${FORM_PREFIX[stage.stack.form]}serve`);
});

describe('records', () => {
  test('the image record is what the design says', () => {
    const { record, name } = image;
    expect(record).toEqual({
      state: 'ready',
      original: {
        bucket: stage.stack.bucket,
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
          ['thumb', 200, 200],
          ['w400', 400, 225],
          ['w800', 800, 450],
          ['w1600', 1600, 900],
        ].map(([variant, width, height]) => [
          variant,
          {
            width,
            height,
            ...(variant === 'thumb' && { cropped: true }),
            formats: { webp: FILE, jpeg: FILE },
          },
        ]),
      ) as unknown,
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

  test('the token record is found by the hash alone and holds no token', async () => {
    const { record } = image;
    const found = await stage.tokenRecord(hashToken(record.token));
    expect(found).toMatchObject({
      uid: owner.uid,
      imageId: 'seeding.jpg',
      kind: 'default',
      image: { bucket: stage.stack.bucket, generation: record.original.generation },
    });
    expect(JSON.stringify(found)).not.toContain(record.token);
  });

  test('objects of renditions tell neither owner nor file name and carry no metadata', async () => {
    const found = await stage.tokenRecord(hashToken(image.record.token));
    const name = found?.image?.renditions['w800']?.webp?.object ?? '';
    expect(name).toMatch(/^variants\/[\w-]{43}\/\d+\/w800-[\w-]{8}\.webp$/);
    expect(name).not.toContain(owner.uid);
    const [metadata] = await stage.bucket.file(name).getMetadata();
    expect(metadata.contentType).toBe('image/webp');
    expect(Object.keys(metadata.metadata ?? {})).toEqual([]);
  });
});

describe('addresses', () => {
  test.each(['thumb', 'w400', 'w800', 'w1600'])('%s answers in every format', async (variant) => {
    for (const [extension, type, format] of [
      ['webp', 'image/webp', 'webp'],
      ['jpg', 'image/jpeg', 'jpeg'],
    ] as const) {
      const answer = await get(stage.serveUrl(image.record.token, `${variant}.${extension}`));
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type]);
      const bytes = answer.body;
      const { width, height, formats } = image.record.variants?.[variant] ?? { formats: {} };
      const metadata = await sharp(bytes).metadata();
      expect([metadata.format, metadata.width, metadata.height]).toEqual([format, width, height]);
      expect(bytes.length).toBe(formats[format]?.bytes);
      expect(metadata.exif).toBeUndefined();
    }
  });

  test('work through Firebase Hosting below /i', async () => {
    const answer = await get(`${stage.stack.demo}i/${image.record.token}/w400.jpg`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    expect(await statusOf(`${stage.stack.demo}i/${mintToken()}/w400.jpg`)).toBe(404);
  });

  test('revalidate with 304, answer HEAD, and negotiate', async () => {
    const url = stage.serveUrl(image.record.token, 'w800');
    const head = await get(url, { method: 'HEAD', headers: { accept: 'image/webp' } });
    const etag = head.headers.get('etag') ?? '';
    expect(head.status).toBe(200);
    expect(head.headers.get('vary')).toContain('Accept');
    expect(head.headers.get('content-type')).toBe('image/webp');
    expect(Number(head.headers.get('content-length'))).toBe(
      image.record.variants?.['w800']?.formats.webp?.bytes,
    );
    expect(head.headers.get('x-content-type-options')).toBe('nosniff');
    const again = await get(url, { headers: { accept: 'image/webp', 'if-none-match': etag } });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });

  test('any method but GET, HEAD and OPTIONS is refused', async () => {
    const url = stage.serveUrl(image.record.token, 'w800');
    const { status, headers } = await get(url, { method: 'POST' });
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  test('the manifest leads to every rendition', async () => {
    const url = stage.serveUrl(image.record.token);
    const manifest = JSON.parse(String((await get(url)).body)) as Manifest;
    expect(manifest.version).toBe(1);
    expect(manifest.placeholder).toEqual(image.record.placeholder);
    for (const { formats } of manifest.variants) {
      for (const { url: relative } of Object.values(formats)) {
        expect(await statusOf(new URL(relative, url))).toBe(200);
      }
    }
    expect(manifest.variants).toHaveLength(4);
  });

  test('every kind of no is the same 404', async () => {
    const { token } = image.record;
    const answers = await Promise.all(
      [
        stage.serveUrl('nonsense', 'w800'),
        stage.serveUrl(mintToken(), 'w800'),
        stage.serveUrl(token, 'w801'),
        stage.serveUrl(token, 'w800.avif'),
        stage.serveUrl(hashToken(token), 'w800'),
      ].map(async (url) => {
        const { status, headers, body } = await get(url);
        // The moment of the answer is the server's own.
        const others = [...headers].filter(([name]) => name !== 'date');
        return { status, headers: Object.fromEntries(others), body: String(body) };
      }),
    );
    const [first] = answers;
    expect(first?.status).toBe(404);
    expect(first?.headers['cache-control']).toBe('no-store');
    for (const answer of answers) expect(answer).toEqual(first);
  });
});

describe('locks', () => {
  test('nobody gets the original from Storage', async () => {
    expect(await statusOf(stage.objectUrl(image.name))).toBe(403);
  });

  test('the download token that the upload was given opens nothing any more', async () => {
    const { name, downloadToken } = await uploadAndReadToken();
    const url = `${stage.objectUrl(name)}&token=${downloadToken}`;
    await eventually(
      () => statusOf(url),
      (status) => expect(status).toBe(403),
    );
  });

  test('nobody gets a rendition from Storage, not even by its name', async () => {
    const found = await stage.tokenRecord(hashToken(image.record.token));
    const name = found?.image?.renditions['w800']?.webp?.object ?? '';
    expect(await statusOf(stage.objectUrl(name))).toBe(403);
  });
});

describe('lock', () => {
  const KEY = 'firebaseStorageDownloadTokens';

  /** As whoever has a role on the project can, in the console for example. */
  async function open(name: string): Promise<string> {
    const downloadToken = `made-by-hand-${Math.random()}`;
    await stage.bucket.file(name).setMetadata({ metadata: { [KEY]: downloadToken, note: 'kept' } });
    return `${stage.objectUrl(name)}&token=${downloadToken}`;
  }

  const isClosed = (url: string) =>
    eventually(
      () => statusOf(url),
      (status) => expect(status).toBe(403),
    );

  test('a download token on an original or a rendition is taken away, and nothing else', async () => {
    const found = await stage.tokenRecord(hashToken(image.record.token));
    const rendition = found?.image?.renditions['w400']?.webp?.object ?? '';
    for (const name of [image.name, rendition]) {
      await isClosed(await open(name));
      const [{ metadata }] = await stage.bucket.file(name).getMetadata();
      expect(metadata).toEqual({ note: 'kept' });
    }
    expect(await statusOf(stage.serveUrl(image.record.token, 'w400.webp'))).toBe(200);
  });

  test('and then it rests: its own change makes it do nothing more', async () => {
    const { name } = image;
    await isClosed(await open(name));
    const [{ metageneration }] = await stage.bucket.file(name).getMetadata();
    // Later events end later: when this one is done, an endless circle would have gone on.
    await isClosed(await open((await stage.upload(owner, photo())).name));
    const [after] = await stage.bucket.file(name).getMetadata();
    expect(after.metageneration).toBe(metageneration);
  });

  test('what a client says in an upload is neither a key to it nor passed on', async () => {
    const imageId = 'with-metadata';
    const name = `originals/${owner.uid}/${imageId}`;
    const downloadToken = 'chosen-by-a-client';
    const { metadata } = await uploadBytes(ref(owner.storage, name), photo(), {
      contentType: 'image/jpeg',
      cacheControl: 'public, max-age=31536000',
      customMetadata: { [KEY]: downloadToken, caption: 'a secret' },
    });
    expect(await statusOf(`${stage.objectUrl(name)}&token=${downloadToken}`)).toBe(403);
    const { uid, firestore } = owner;
    const { generation } = metadata;
    const { token } = await waitForImage(firestore, { uid, imageId, generation });
    const found = await stage.tokenRecord(hashToken(token));
    const rendition = found?.image?.renditions['w800']?.webp?.object ?? '';
    const [shown] = await stage.bucket.file(rendition).getMetadata();
    expect(shown.metadata).toBeUndefined();
    expect(shown.cacheControl).toBe('private, no-store');
  });

  test('elsewhere in the bucket download tokens are left alone', async () => {
    const file = stage.bucket.file('elsewhere/photo.jpg');
    await file.save(photo(), { resumable: false });
    const url = await open('elsewhere/photo.jpg');
    await isClosed(await open(image.name));
    expect(await statusOf(url)).toBe(200);
  });
});

describe('life', () => {
  test('an upload over an original keeps the address and changes the picture', async () => {
    const first = await stage.upload(owner, await plainJpeg(900, 600, '#c00000'), {
      imageId: 'over',
    });
    const second = await stage.upload(owner, await plainJpeg(600, 900, '#0000c0'), {
      imageId: 'over',
    });
    expect(second.record.token).toBe(first.record.token);
    expect(second.record.original).toMatchObject({ width: 600, height: 900 });
    const { body } = await get(stage.serveUrl(second.record.token, 'w400.jpg'));
    const [red, , blue] = await middleOf(body);
    expect(red).toBeLessThan(60);
    expect(blue).toBeGreaterThan(150);
  });

  test('a deleted token record ends the address', async () => {
    const { record } = await stage.upload(owner, await plainJpeg(50, 50, '#00c000'));
    const url = stage.serveUrl(record.token, 'thumb.webp');
    expect(await statusOf(url)).toBe(200);
    await stage.firestore.collection('imageTokens').doc(hashToken(record.token)).delete();
    expect(await statusOf(url)).toBe(404);
  });

  test('and no later upload brings it back', async () => {
    const options = { imageId: 'revoked' };
    const { record } = await stage.upload(owner, await plainJpeg(50, 50, '#00c000'), options);
    const url = stage.serveUrl(record.token, 'thumb.webp');
    await stage.firestore.collection('imageTokens').doc(hashToken(record.token)).delete();
    const again = await stage.upload(owner, await plainJpeg(60, 60, '#00c000'), options);
    expect(again.record.state).toBe('ready');
    expect(await statusOf(url)).toBe(404);
  });
});
