import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { P3 } from '../../test/processing/color-cases.js';
import { withJpegProfile } from '../../test/processing/color-file.js';
import { ultraHdr } from '../../test/processing/ultra-hdr.js';
import { parseConfig } from '../config/config.js';
import type { Variant } from '../domain/variant.js';
import { parseVariant } from '../domain/variant-grammar.js';
import {
  openIsolatedProcessor,
  type IsolatedProcessor,
  type ProcessLimits,
} from './isolated-processor.js';
import {
  processImage,
  type ProcessedImage,
  type ProcessSettings,
  type Rendition,
} from './process-image.js';
import { PROCESS_LIMITS } from './limits.js';

const ROOT = join(__dirname, '../../..');
/** The compiled child process; `npm test` builds it first. */
const SCRIPT = join(ROOT, 'functions/lib/processing/isolated-processor-child.js');
const fixture = (path: string) => readFileSync(join(ROOT, 'tests/fixtures', path));

const settings = (...texts: string[]): ProcessSettings => ({
  ...parseConfig({ BUCKET: 'bucket' }),
  variants: texts.map((text) => parseVariant(text) as Variant),
  formats: ['webp', 'jpeg'],
});

const opened: IsolatedProcessor[] = [];
function open(limits: Partial<ProcessLimits> = {}, script = SCRIPT): IsolatedProcessor {
  const processUpload = openIsolatedProcessor({ ...PROCESS_LIMITS, ...limits }, script);
  opened.push(processUpload);
  return processUpload;
}
afterEach(() => opened.splice(0).forEach((processUpload) => processUpload.close()));

const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#84a' } })
    .png()
    .toBuffer();

test('returns the results of processImage for several uploads in one process', async () => {
  const processUpload = open();
  const photo = fixture('photos/seeding.jpg');
  const options = settings('w400:400', 't:100x100:cover');
  const made: Rendition[] = [];
  const [first, second] = await Promise.all([
    processUpload(photo, options, (rendition) => made.push(rendition)),
    processUpload(await plain(50, 40), options),
  ]);
  expect(first).toEqual(await processImage(photo, options));
  // In the order in which they were made.
  expect(made).toHaveLength(first.renditions.length);
  expect(new Set(made)).toEqual(new Set(first.renditions));
  expect(second.original).toEqual({ width: 50, height: 40 });
  expect(first.renditions.every(({ data }) => Buffer.isBuffer(data))).toBe(true);
});

test('hands over every setting', async () => {
  const options = settings('w120:120', 'face:60x60:cover:focal');
  const all: ProcessSettings = {
    ...options,
    ...{ formats: ['jpeg'], quality: 80, colorSpace: 'p3', keepGainMap: true },
    focus: { x: 0, y: 1 },
  };
  const photo = withJpegProfile(await ultraHdr(), P3);
  const result = await open()(photo, all);
  expect(result).toEqual(await processImage(photo, all));
  expect(result).not.toEqual(await processImage(photo, options));
});

test('rejects a file as processImage does, and keeps the process', async () => {
  const processUpload = open();
  await processUpload(await plain(20, 20), settings('w10:10'));
  const { pid } = processUpload;
  await expect(
    processUpload(Buffer.from('not an image'), settings('w10:10')),
  ).rejects.toMatchObject({
    name: 'ImageFailure',
    code: 'not-an-image',
    message: 'not-an-image: expected the signature of an image, found none',
  });
  await processUpload(await plain(20, 20), settings('w10:10'));
  expect(processUpload.pid).toBe(pid);
});

test('does not pass the environment of the function to the child', async () => {
  process.env['SECRET_OF_THE_FUNCTION'] = 'x';
  const processUpload = open();
  await processUpload(await plain(20, 20), settings('w10:10'));
  if (process.platform === 'linux') {
    const environment = readFileSync(`/proc/${processUpload.pid}/environ`, 'latin1');
    expect(environment).toContain('MALLOC_ARENA_MAX');
    expect(environment).not.toContain('SECRET_OF_THE_FUNCTION');
  }
  delete process.env['SECRET_OF_THE_FUNCTION'];
});

test('the function itself never loads sharp', () => {
  const modules = [
    'processing/isolated-processor.js',
    'processing/limits.js',
    'lifecycle/process-upload.js',
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

test.each([0, 1])('replaces a process that was killed after %i uploads', async (uploads) => {
  const processUpload = open();
  for (let i = 0; i < uploads; i++) await processUpload(await plain(20, 20), settings('w10:10'));
  const pid = processUpload.pid as number;
  process.kill(pid, 'SIGKILL');
  // With 0 uploads the exit event has fired before the next upload, with 1 it has not.
  if (uploads === 0) await waitForExit(pid);
  const { renditions } = await processUpload(await plain(20, 20), settings('w10:10'));
  expect(renditions).toHaveLength(2);
  expect(processUpload.pid).not.toBe(pid);
});

/** Waits until the process does not exist and its exit event has fired. */
async function waitForExit(pid: number): Promise<void> {
  for (let isRunning = true; isRunning;) {
    await new Promise((resolve) => setImmediate(resolve));
    try {
      process.kill(pid, 0);
    } catch {
      isRunning = false;
    }
  }
  await new Promise((resolve) => setImmediate(resolve));
}

/** Only Linux enforces `ulimit -d`. */
const onLinux = process.platform === 'linux' ? test : test.skip;

// gVisor enforces only the second. Node, sharp and thread stacks take 150 MB on two cores, more with more cores; the
// image takes 294 MB.
onLinux.each([
  ['data memory', { memory: 230 * 2 ** 20, residentMemory: Infinity }],
  ['resident memory', { memory: 2 ** 40, residentMemory: 230 * 2 ** 20 }],
])('fails an upload that exceeds its %s, and accepts the next', async (_name, limits) => {
  const processUpload = open(limits);
  const large = await sharp({
    create: { width: 7000, height: 7000, channels: 3, background: '#84a' },
  })
    .jpeg({ progressive: true, chromaSubsampling: '4:4:4' })
    .toBuffer();
  await expect(processUpload(large, settings('w10:10'))).rejects.toMatchObject({
    code: 'too-much-memory',
  });
  await expect(processUpload(await plain(20, 20), settings('w10:10'))).resolves.toBeDefined();
});

/** An upload with one encode of several seconds, which sharp does not interrupt. */
const slowUpload: [Buffer, ProcessSettings] = [
  fixture('photos/seeding.jpg'),
  { ...settings('all:5312'), formats: ['avif'] },
];

test('fails an upload that exceeds the time limit, and accepts the next', async () => {
  const processUpload = open({ seconds: 1 });
  const first = processUpload(...slowUpload);
  const second = processUpload(await plain(20, 20), settings('w10:10'));
  await expect(first).rejects.toMatchObject({ code: 'too-slow' });
  await expect(second).resolves.toBeDefined();
});

describe('close() ends a process', () => {
  test.each([0, 1])('that is idle after %i uploads', async (uploads) => {
    const processUpload = open();
    for (let i = 0; i < uploads; i++) await processUpload(await plain(20, 20), settings('w10:10'));
    const pid = processUpload.pid as number;
    processUpload.close();
    await waitForExit(pid);
    expect(processUpload.pid).toBeUndefined();
  });

  test.each([0, 1])('that is busy after %i uploads, with another one waiting', async (uploads) => {
    const processUpload = open();
    for (let i = 0; i < uploads; i++) await processUpload(await plain(20, 20), settings('w10:10'));
    const pid = processUpload.pid as number;
    const results = Promise.allSettled([
      processUpload(...slowUpload),
      processUpload(...slowUpload),
    ]);
    // Waits until the request has been sent.
    await new Promise((resolve) => setImmediate(resolve));
    processUpload.close();
    await waitForExit(pid);
    // Not an ImageFailure: the files are not the cause.
    expect(
      (await results).map((result) => result.status === 'rejected' && String(result.reason)),
    ).toEqual(Array(2).fill('Error: the isolated processor is closed'));
    expect(processUpload.pid).toBeUndefined();
  });
});

test('reports an error without a failure code with the stack of the child, which is replaced', async () => {
  const processUpload = open();
  const { pid } = processUpload;
  // Settings that no code path creates stand for a defect.
  const broken = { ...settings('w10:10'), variants: [null as unknown as Variant] };
  const error = await processUpload(await plain(20, 20), broken).then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  expect(error?.name).toBe('UnexpectedError');
  expect(error?.message).toMatch(/^TypeError: /);
  expect(error?.stack).toMatch(/ {4}at .*resize-plan/);
  await expect(processUpload(await plain(20, 20), settings('w10:10'))).resolves.toBeDefined();
  expect(processUpload.pid).not.toBe(pid);
});

test('does not blame the upload for a process that cannot start', async () => {
  const broken = open({}, join(ROOT, 'no-such-script.js'));
  const error: unknown = await broken(await plain(20, 20), settings('w10:10')).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  expect((error as Error).name).toBe('UnexpectedError');
  expect((error as Error).message).toMatch(/expected renditions, found exit 1/);
  // What the child wrote to stderr.
  expect((error as Error).stack).toMatch(/ {4}at Module/);
});

async function meanDifference(...files: [Buffer, Buffer]): Promise<number> {
  const [a, b] = (await Promise.all(files.map((file) => sharp(file).raw().toBuffer()))) as [
    Buffer,
    Buffer,
  ];
  return a.reduce((sum, level, i) => sum + Math.abs(level - (b[i] as number)), 0) / a.length;
}

describe('HEIC', () => {
  test('a photo from a phone looks like the same photo as JPEG', async () => {
    const processUpload = open();
    // As the fixture was created, see its README: 1000 x 700, rotated by 90 degrees.
    const rotated = await sharp(fixture('photos/seeding.jpg'))
      .resize(1000, 700, { fit: 'fill' })
      .rotate(90)
      .jpeg({ quality: 95 })
      .toBuffer();
    const options = settings('w300:300', 't:120x120:cover');
    const heic = await processUpload(fixture('heic/phone.heic'), options);
    const jpeg = await processUpload(rotated, options);
    expect(heic.original).toEqual(jpeg.original);
    const shapes = ({ renditions }: ProcessedImage) =>
      renditions.map(({ variants, format, width, height }) => [variants, format, width, height]);
    expect(shapes(heic)).toEqual(shapes(jpeg));
    const differences = await Promise.all(
      heic.renditions.map(({ data }, i) =>
        meanDifference(data, jpeg.renditions[i]?.data as Buffer),
      ),
    );
    // The HEIC has a low quality: 2.6 levels of 255. Without the conversion from Display P3, 3.8.
    expect(differences.reduce((sum, levels) => sum + levels, 0) / differences.length).toBeLessThan(
      3.2,
    );
  });

  test('returns the same bytes each time', async () => {
    const processUpload = open();
    const run = () => processUpload(fixture('heic/phone.heic'), settings('w300:300'));
    expect(await run()).toEqual(await run());
  });
});
