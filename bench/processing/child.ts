/** Runs one pipeline on one file in a separate process: `child.js PIPELINE FILE FOLDER ROOT`. */
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Sharp from 'sharp';
import type * as Encode from '../../functions/src/processing/encode.js';
import { openProduct } from '../product.js';
import { runPeer } from './peer.js';
import { EDGES, FORMATS, VARIANTS } from './sizes.js';

/**
 * `same`: this project at the peer's encoder settings. `shipped`: at those of a new installation.
 * `auto`: the same with FORMATS=auto, which gives a viewer all sizes in one format.
 * `floor` and `shippedFloor`: only one decode and the encodes, at the settings of `same` and `shipped`.
 */
export type Pipeline = 'same' | 'shipped' | 'auto' | 'peer' | 'floor' | 'shippedFloor';

export interface Measured {
  figures: {
    /** User and system time of all threads. */
    cpuSeconds: number;
    wallSeconds: number;
    /** Peak memory minus the memory before the run, bytes. */
    rssBytes: number;
  };
  /** The paths of the renditions. */
  files: string[];
}

async function main([pipeline, file, folder, root]: string[]): Promise<Measured> {
  const product = openProduct(root as string);
  const { processImage } = product.processing();
  const { INITIAL_VALUES, parseConfig } = product.api();
  const { QUALITY } = INITIAL_VALUES;
  const formats = pipeline === 'auto' ? 'auto' : FORMATS.join();
  const config = parseConfig({ BUCKET: 'bench', VARIANTS, FORMATS: formats, QUALITY });
  const shipped = product.encode().encodersFor(config.quality);
  // The same sharp for all pipelines.
  const sharp = product.sharp();
  const same: Encode.Encoders = {
    ...shipped,
    webp: (image) => image.webp({}),
    jpeg: (image) => image.flatten({ background: '#fff' }).jpeg({}),
  };
  if (pipeline === 'peer') {
    // The peer does not block any loader.
    sharp.unblock({ operation: ['VipsForeignLoad'] });
    const measured = await measure(() => runPeer(sharp, file as string, folder as string));
    return { figures: measured.figures, files: measured.result };
  }
  if (pipeline === 'floor' || pipeline === 'shippedFloor') {
    const encoders = pipeline === 'floor' ? same : shipped;
    return {
      figures: await measureFloor(sharp, readFileSync(file as string), encoders),
      files: [],
    };
  }
  const { figures, result } = await measure(() =>
    processImage(readFileSync(file as string), config, pipeline === 'same' ? same : undefined),
  );
  const files = result.renditions.map(({ data }) => {
    const path = join(folder as string, randomUUID());
    writeFileSync(path, data);
    return path;
  });
  return { figures, files };
}

async function measure<T>(work: () => Promise<T>) {
  resetPeak();
  const base = process.memoryUsage.rss();
  const before = process.cpuUsage();
  const start = performance.now();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  const figures = {
    cpuSeconds: (user + system) / 1e6,
    wallSeconds: (performance.now() - start) / 1e3,
    rssBytes: Math.max(0, peak() - base),
  };
  return { figures, result };
}

/** Resets Linux's peak memory of this process, proc_pid_clear_refs(5). */
function resetPeak(): void {
  if (process.platform === 'linux') writeFileSync('/proc/self/clear_refs', '5');
}

/** Peak memory since resetPeak, bytes; on other systems than Linux, since the start of the process. */
function peak(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const [, kilobytes] = /VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/**
 * The sum of the unavoidable work: one decode to the largest size, and each encode of existing pixels.
 * Resizing to the smaller sizes, the placeholder and so on are not included.
 */
async function measureFloor(sharp: typeof Sharp, bytes: Buffer, encoders: Encode.Encoders) {
  const { format } = await sharp(bytes).metadata();
  const animated = format === 'gif' || format === 'webp';
  const { pages = 1 } = await sharp(bytes, { animated }).metadata();
  const image = pages > 1 ? sharp(bytes, { animated }) : sharp(bytes).autoOrient();
  const largest = Math.max(...EDGES);
  const decoded = await measure(() =>
    image
      .resize({ width: largest, height: largest, fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true }),
  );
  const { figures } = decoded;
  const { data, info } = decoded.result;
  const frame = { width: info.width, height: info.height / pages };
  for (const edge of EDGES) {
    const scale = Math.min(1, edge / Math.max(frame.width, frame.height));
    const width = Math.round(frame.width * scale);
    const height = Math.round(frame.height * scale);
    const resized = await sharp(data, { raw: info })
      .resize({ width, height: height * pages, fit: 'fill' })
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { channels } = resized.info;
    for (const format of FORMATS) {
      const frames = format === 'webp' ? pages : 1;
      const pixels = resized.data.subarray(0, width * height * frames * channels);
      const encode = sharp(pixels, {
        raw: { width, height: height * frames, channels, pageHeight: height },
      });
      const encoded = await measure(() => encoders[format](encode, { width, height }).toBuffer());
      figures.cpuSeconds += encoded.figures.cpuSeconds;
      figures.wallSeconds += encoded.figures.wallSeconds;
    }
  }
  return figures;
}

main(process.argv.slice(2)).then(
  (measured) => process.stdout.write(JSON.stringify(measured)),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  },
);
