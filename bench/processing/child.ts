/** One pipeline over one file in a process of its own: `child.js PIPELINE FILE FOLDER ROOT`. */
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Sharp from 'sharp';
import type * as Encode from '../../functions/src/processing/encode.js';
import { openProduct } from '../product.js';
import { runPeer } from './peer.js';
import { EDGES, FORMATS, VARIANTS } from './sizes.js';

/** `same`: ours at the peer's encoder settings. `shipped`: ours as it is. */
export type Pipeline = 'same' | 'shipped' | 'peer' | 'floor' | 'shippedFloor';

export interface Measured {
  figures: {
    /** Of all threads, user and system. */
    cpuSeconds: number;
    wallSeconds: number;
    /** Peak memory above what the process held before, bytes. */
    rssBytes: number;
  };
  /** The renditions. */
  files: string[];
}

async function main([pipeline, file, folder, root]: string[]): Promise<Measured> {
  const product = openProduct(root as string);
  const { processImage } = product.processing();
  const { ENCODERS } = product.encode();
  const { parseConfig } = product.api();
  // The very same for all.
  const sharp = product.sharp();
  const same: Encode.Encoders = {
    ...ENCODERS,
    webp: (image) => image.webp({}),
    jpeg: (image) => image.flatten({ background: '#fff' }).jpeg({}),
  };
  if (pipeline === 'peer') {
    // Its files come from a bucket of its owner's: all loaders are there.
    sharp.unblock({ operation: ['VipsForeignLoad'] });
    const measured = await measure(() => runPeer(sharp, file as string, folder as string));
    return { figures: measured.figures, files: measured.result };
  }
  if (pipeline === 'floor' || pipeline === 'shippedFloor') {
    const encoders = pipeline === 'floor' ? same : ENCODERS;
    return { figures: await floor(sharp, readFileSync(file as string), encoders), files: [] };
  }
  const config = parseConfig({ BUCKET: 'bench', VARIANTS, FORMATS: FORMATS.join() });
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
  forgetPeak();
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

/** Linux remembers the most memory that a process had; 5 lets it forget: proc_pid_clear_refs(5). */
function forgetPeak(): void {
  if (process.platform === 'linux') writeFileSync('/proc/self/clear_refs', '5');
}

/** Bytes. Elsewhere than on Linux, the most since the process began. */
function peak(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const [, kilobytes] = /VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/**
 * The sum of what can't be left out: one plain decode to the largest size, and each encode from pixels
 * that are there already. Making the smaller sizes, the placeholder and the like are not in it.
 */
async function floor(sharp: typeof Sharp, bytes: Buffer, encoders: Encode.Encoders) {
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
    const picture = await sharp(data, { raw: info })
      .resize({ width, height: height * pages, fit: 'fill' })
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { channels } = picture.info;
    for (const format of FORMATS) {
      const frames = format === 'webp' ? pages : 1;
      const pixels = picture.data.subarray(0, width * height * frames * channels);
      const encode = sharp(pixels, {
        raw: { width, height: height * frames, channels, pageHeight: height },
      });
      const encoded = await measure(() => encoders[format](encode).toBuffer());
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
