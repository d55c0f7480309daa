/**
 * HEIC (HEVC in HEIF, ISO/IEC 23008-12) -> pixels. sharp's build has no HEVC decoder: libheif does
 * it, as WebAssembly, loaded only when such a file comes, in a thread that can be ended at any moment.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ImageFailure, type ImageFailureCode } from '../errors.js';
import type { Size } from '../domain/variant.js';

/** RGB or RGBA, upright, 8 bits a channel, alpha not multiplied in; in the colours of the file. */
export interface HeicPixels<Bytes = Buffer> extends Size {
  channels: 3 | 4;
  data: Bytes;
  /** The file's ICC profile. */
  profile?: Bytes;
  /** If it has no profile, its colour primaries as ITU-T H.273 numbers them. Neither: sRGB. */
  primaries?: number;
}

export interface HeicLimits {
  /** Width times height. */
  pixels: number;
  /** The decoder's WebAssembly memory, bytes; the pixels that it gives come on top. */
  memory: number;
  /** From the thread's start. */
  seconds: number;
}

export type HeicFailureCode = ImageFailureCode &
  ('too-many-pixels' | 'too-much-memory' | 'unsupported-format' | 'damaged-image');

/** What heic-worker.ts is given. */
export interface HeicOrder {
  bytes: Uint8Array;
  limits: HeicLimits;
}

/** What it sends back: `started`, then one of the others. */
export type HeicAnswer =
  | { kind: 'started' }
  | { kind: 'pixels'; pixels: HeicPixels<Uint8Array> }
  | { kind: 'failure'; code: HeicFailureCode; detail: string };

/** Of the thread's JavaScript, which holds hardly anything: pixels and decoder lie elsewhere. */
const HEAP_MIB = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 };

/**
 * Decodes the primary image: cropped, turned and mirrored as the boxes `clap`, `irot` and `imir` say
 * (ISO/IEC 23008-12 section 6.5); an EXIF orientation beside them has no say.
 * @param bytes the file, whole
 * @param worker where the compiled heic-worker.ts lies
 * @throws ImageFailure when the bytes give no picture within the limits; another error when the
 *   decoder itself did not start
 */
export async function decodeHeic(
  bytes: Uint8Array,
  limits: HeicLimits,
  worker = join(__dirname, 'heic-worker.js'),
): Promise<HeicPixels> {
  const thread = new Worker(worker, {
    workerData: { bytes, limits } satisfies HeicOrder,
    resourceLimits: HEAP_MIB,
    // Nothing of this process is the decoder's business.
    env: {},
    execArgv: [],
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      let started = false;
      timer = setTimeout(() => {
        reject(new ImageFailure('too-slow', `expected at most ${limits.seconds} s`));
      }, limits.seconds * 1000);
      thread.on('message', (answer: HeicAnswer) => {
        if (answer.kind === 'started') started = true;
        else if (answer.kind === 'pixels') resolve(asBuffers(answer.pixels));
        else reject(new ImageFailure(answer.code, answer.detail));
      });
      // Once the decoder has started, it is the bytes that end it; until then, they were not read.
      const end = (detail: string, cause?: unknown) => {
        const options = { cause };
        reject(
          started ? new ImageFailure('damaged-image', detail, options) : new Error(detail, options),
        );
      };
      thread.on('error', (error) => end('the HEIC decoder broke', error));
      thread.on('exit', (code) => end(`the HEIC decoder ended with ${code}`));
    });
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}

/** What comes from another thread has lost its class; the bytes stay where they are. */
function asBuffers({ data, profile, ...rest }: HeicPixels<Uint8Array>): HeicPixels {
  return { ...rest, data: asBuffer(data), ...(profile && { profile: asBuffer(profile) }) };
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
