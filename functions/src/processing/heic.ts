/**
 * Decodes HEIC (HEVC in HEIF, ISO/IEC 23008-12). sharp's build has no HEVC decoder, so libheif does it
 * as WebAssembly, in a worker thread that can be terminated at any time.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ImageFailure, type ImageFailureCode } from '../errors.js';
import type { Size } from '../domain/variant.js';

/** RGB or RGBA in the file's color space; alpha as in the file. */
export interface HeicPixels<Bytes = Buffer> extends Size {
  channels: 3 | 4;
  /** Bits per channel; 16: little-endian. */
  depth: 8 | 16;
  data: Bytes;
}

export interface HeicLimits {
  /** Width times height. */
  pixels: number;
  /** WebAssembly memory of the decoder, bytes; the returned pixels are not counted. */
  memory: number;
  /** From the start of the thread. */
  seconds: number;
}

export type HeicFailureCode = ImageFailureCode &
  ('too-many-pixels' | 'too-much-memory' | 'unsupported-format' | 'damaged-image');

/** The input of heic-worker.ts. */
export interface HeicRequest {
  bytes: Uint8Array;
  limits: HeicLimits;
  depth: 8 | 16;
}

/** The messages of heic-worker.ts: `started`, then one of the others. */
export type HeicResponse =
  | { kind: 'started' }
  | { kind: 'pixels'; pixels: HeicPixels<Uint8Array> }
  | { kind: 'failure'; code: HeicFailureCode; detail: string };

interface HeicOptions {
  depth?: 8 | 16;
  worker?: string;
}

/** JavaScript heap of the thread; the decoder and the pixels are outside it. */
const HEAP_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 };

/**
 * Decodes the primary image.
 * @param bytes a file that readHeif wrote, without transformations
 * @param options.depth bits per channel of the result
 * @param options.worker path of the compiled heic-worker.ts
 * @throws ImageFailure when the file cannot be decoded within the limits; another error when the
 *   decoder itself did not start
 */
export async function decodeHeic(
  bytes: Uint8Array,
  limits: HeicLimits,
  { depth = 8, worker = join(__dirname, 'heic-worker.js') }: HeicOptions = {},
): Promise<HeicPixels> {
  const thread = new Worker(worker, {
    workerData: { bytes, limits, depth } satisfies HeicRequest,
    resourceLimits: HEAP_LIMITS,
    // The decoder reads untrusted bytes: it gets nothing of this process.
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
      thread.on('message', (response: HeicResponse) => {
        if (response.kind === 'started') started = true;
        else if (response.kind === 'pixels') resolve(toBuffers(response.pixels));
        else reject(new ImageFailure(response.code, response.detail));
      });
      // The file is read after the start, so it cannot be the cause of an earlier failure.
      const fail = (detail: string, cause?: unknown) => {
        const options = { cause };
        reject(
          started ? new ImageFailure('damaged-image', detail, options) : new Error(detail, options),
        );
      };
      thread.on('error', (error) => fail('the HEIC decoder crashed', error));
      thread.on('exit', (code) => fail(`the HEIC decoder exited with code ${code}`));
    });
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}

/** Buffers arrive from a thread as Uint8Array; this wraps them without a copy. */
function toBuffers({ data, ...rest }: HeicPixels<Uint8Array>): HeicPixels {
  return { ...rest, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) };
}
