import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { parseConfig } from '../config/config.js';
import { parseVariant, type Variant } from '../domain/variant.js';
import {
  openIsolatedProcessor,
  type IsolatedProcessor,
  type ProcessLimits,
} from './isolated-processor.js';
import { processImage, type ProcessedImage, type ProcessSettings } from './process-image.js';
import { PROCESS_LIMITS } from './limits.js';

const ROOT = join(__dirname, '../../..');
/** The compiled process: `npm test` builds it first. */
const SCRIPT = join(ROOT, 'functions/lib/processing/isolated-processor-child.js');
const fixture = (path: string) => readFileSync(join(ROOT, 'tests/fixtures', path));

const plan = (...texts: string[]): ProcessSettings => ({
  ...parseConfig({ BUCKET: 'bucket' }),
  variants: texts.map((text) => parseVariant(text) as Variant),
  formats: ['webp', 'jpeg'],
});

const opened: IsolatedProcessor[] = [];
function open(limits: Partial<ProcessLimits> = {}, script = SCRIPT): IsolatedProcessor {
  const bounded = openIsolatedProcessor({ ...PROCESS_LIMITS, ...limits }, script);
  opened.push(bounded);
  return bounded;
}
afterEach(() => opened.splice(0).forEach((bounded) => bounded.close()));

const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#84a' } })
    .png()
    .toBuffer();

test('it gives what derive gives, upload after upload in one process', async () => {
  const bounded = open();
  const photo = fixture('photos/seeding.jpg');
  const wanted = plan('w400:400', 't:100x100:cover');
  const [first, second] = await Promise.all([
    bounded(photo, wanted),
    bounded(await plain(50, 40), wanted),
  ]);
  expect(first).toEqual(await processImage(photo, wanted));
  expect(second.original).toEqual({ width: 50, height: 40 });
  expect(first.renditions.every(({ data }) => Buffer.isBuffer(data))).toBe(true);
});

test('a verdict about a file is the same as derive’s, and the process stays', async () => {
  const bounded = open();
  await bounded(await plain(20, 20), plan('w10:10'));
  const { pid } = bounded;
  await expect(bounded(Buffer.from('no picture'), plan('w10:10'))).rejects.toMatchObject({
    name: 'ImageFailure',
    code: 'not-an-image',
    message: 'not-an-image: expected the first bytes of an image, found others',
  });
  await bounded(await plain(20, 20), plan('w10:10'));
  expect(bounded.pid).toBe(pid);
});

test('it does not know the environment of the function', async () => {
  process.env['SECRET_OF_THE_FUNCTION'] = 'x';
  const bounded = open();
  await bounded(await plain(20, 20), plan('w10:10'));
  if (process.platform === 'linux') {
    const environment = readFileSync(`/proc/${bounded.pid}/environ`, 'latin1');
    expect(environment).toContain('MALLOC_ARENA_MAX');
    expect(environment).not.toContain('SECRET_OF_THE_FUNCTION');
  }
  delete process.env['SECRET_OF_THE_FUNCTION'];
});

test('the function itself never loads sharp: a decoder’s memory and crashes are not its own', () => {
  const modules = [
    'processing/isolated-processor.js',
    'processing/limits.js',
    'lifecycle/original-finalized.js',
    'index.js',
  ];
  const code = `${modules.map((name) => `require('./${name}');`).join('')}
    console.log(Object.keys(require.cache).filter((file) => /node_modules.sharp|processing.process-image[.]js/.test(file)).length)`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', code], {
    cwd: join(ROOT, 'functions/lib'),
    env: { ...process.env, BUCKET: 'bucket' },
    encoding: 'utf8',
  });
  expect([stdout.trim(), stderr]).toEqual(['0', '']);
});

test.each([0, 1])(
  'a process that ended after %i uploads is replaced for the next',
  async (uploads) => {
    const bounded = open();
    for (let i = 0; i < uploads; i++) await bounded(await plain(20, 20), plan('w10:10'));
    const pid = bounded.pid as number;
    process.kill(pid, 'SIGKILL');
    // Whether this process has heard of it already or not.
    if (uploads === 0) await ended(pid);
    const { renditions } = await bounded(await plain(20, 20), plan('w10:10'));
    expect(renditions).toHaveLength(2);
    expect(bounded.pid).not.toBe(pid);
  },
);

/** Until the process is gone, and its end has been told. */
async function ended(pid: number): Promise<void> {
  for (let isThere = true; isThere;) {
    await new Promise((resolve) => setImmediate(resolve));
    try {
      process.kill(pid, 0);
    } catch {
      isThere = false;
    }
  }
  await new Promise((resolve) => setImmediate(resolve));
}

/** Only Linux keeps a limit on what a process may write to. */
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('too much memory is a failure of the upload, and the next is taken', async () => {
  // Node, sharp and their threads' stacks take 150 MB on two cores, more on more; the picture 294 MB.
  const bounded = open({ memory: 230 * 1024 * 1024 });
  const large = await sharp({
    create: { width: 7000, height: 7000, channels: 3, background: '#84a' },
  })
    .jpeg({ progressive: true, chromaSubsampling: '4:4:4' })
    .toBuffer();
  await expect(bounded(large, plan('w10:10'))).rejects.toMatchObject({ code: 'too-much-memory' });
  await expect(bounded(await plain(20, 20), plan('w10:10'))).resolves.toBeDefined();
});

/** Seconds of work in one encode, which sharp does not look up from. */
const long: [Buffer, ProcessSettings] = [
  fixture('photos/seeding.jpg'),
  { ...plan('all:5312'), formats: ['avif'] },
];

test('so is too much time: the process is ended, and the next upload taken', async () => {
  const bounded = open({ seconds: 1 });
  const first = bounded(...long);
  const second = bounded(await plain(20, 20), plan('w10:10'));
  await expect(first).rejects.toMatchObject({ code: 'too-slow' });
  await expect(second).resolves.toBeDefined();
});

describe('after close() no process is left', () => {
  test.each([0, 1])('that was waiting after %i uploads', async (uploads) => {
    const bounded = open();
    for (let i = 0; i < uploads; i++) await bounded(await plain(20, 20), plan('w10:10'));
    const pid = bounded.pid as number;
    bounded.close();
    await ended(pid);
    expect(bounded.pid).toBeUndefined();
  });

  test.each([0, 1])('that was at work after %i uploads, with another waiting', async (uploads) => {
    const bounded = open();
    for (let i = 0; i < uploads; i++) await bounded(await plain(20, 20), plan('w10:10'));
    const pid = bounded.pid as number;
    const work = Promise.allSettled([bounded(...long), bounded(...long)]);
    // Once what was asked for has been sent.
    await new Promise((resolve) => setImmediate(resolve));
    bounded.close();
    await ended(pid);
    // The fault is not the files'.
    expect((await work).map((end) => end.status === 'rejected' && String(end.reason))).toEqual(
      Array(2).fill('Error: expected an open process, found that it was closed'),
    );
    expect(bounded.pid).toBeUndefined();
  });
});

test('a process that can’t start is no fault of the upload', async () => {
  const broken = open({}, join(ROOT, 'no-such-script.js'));
  const error: unknown = await broken(await plain(20, 20), plan('w10:10')).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  expect((error as Error).name).toBe('Error');
  expect((error as Error).message).toMatch(/expected renditions, found exit 1/);
});

async function meanDifference(...files: [Buffer, Buffer]): Promise<number> {
  const [a, b] = (await Promise.all(files.map((file) => sharp(file).raw().toBuffer()))) as [
    Buffer,
    Buffer,
  ];
  return a.reduce((sum, level, i) => sum + Math.abs(level - (b[i] as number)), 0) / a.length;
}

describe('HEIC', () => {
  test('a photo as a phone writes it looks like the same photo as JPEG', async () => {
    const bounded = open();
    // How the fixture was made from the photo, see its README: turned once, at 1000 x 700.
    const upright = await sharp(fixture('photos/seeding.jpg'))
      .resize(1000, 700, { fit: 'fill' })
      .rotate(90)
      .jpeg({ quality: 95 })
      .toBuffer();
    const wanted = plan('w300:300', 't:120x120:cover');
    const heic = await bounded(fixture('heic/phone.heic'), wanted);
    const jpeg = await bounded(upright, wanted);
    expect(heic.original).toEqual(jpeg.original);
    const shapes = ({ renditions }: ProcessedImage) =>
      renditions.map(({ variants, format, width, height }) => [variants, format, width, height]);
    expect(shapes(heic)).toEqual(shapes(jpeg));
    const apart = await Promise.all(
      heic.renditions.map(({ data }, i) =>
        meanDifference(data, jpeg.renditions[i]?.data as Buffer),
      ),
    );
    // The HEIC is coarse: 2.6 levels of 255. With its Display P3 left as it is, 3.8.
    expect(apart.reduce((sum, levels) => sum + levels, 0) / apart.length).toBeLessThan(3.2);
  });

  test('the same bytes each time', async () => {
    const bounded = open();
    const run = () => bounded(fixture('heic/phone.heic'), plan('w300:300'));
    expect(await run()).toEqual(await run());
  });
});
