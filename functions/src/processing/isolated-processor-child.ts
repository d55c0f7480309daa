/** The process behind bounded.ts: takes uploads from a pipe and answers over the channel to its parent. */
import { Socket } from 'node:net';
import { ImageFailure, type ImageFailureCode } from '../errors.js';
import { processImage, type ProcessedImage, type ProcessSettings } from './process-image.js';

export interface Request {
  /** How many bytes of the pipe are the upload. */
  length: number;
  plan: ProcessSettings;
}

export type Answer =
  { derived: ProcessedImage } | { code: ImageFailureCode; detail: string } | { error: string };

/** The pipe's descriptor, after the three of every process and the channel. */
const PIPE = 4;

const pipe = new Socket({ fd: PIPE, readable: true, writable: false });

/** @returns the next bytes of the pipe, in one piece that is made once */
async function read(length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let filled = 0; filled < length;) {
    const chunk = pipe.read() as Buffer | null;
    if (chunk) filled += chunk.copy(bytes, filled);
    else await new Promise((resolve) => pipe.once('readable', resolve));
  }
  return bytes;
}

async function answer({ length, plan }: Request): Promise<Answer> {
  try {
    return { derived: await processImage(await read(length), plan) };
  } catch (error) {
    if (error instanceof ImageFailure) return { code: error.code, detail: error.detail };
    if (error instanceof RangeError && error.message.includes('allocation failed')) {
      return { code: 'too-much-memory', detail: error.message };
    }
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

process.on('message', (request: Request) => {
  void answer(request).then((message) => process.send?.(message));
});
// The parent is gone.
process.on('disconnect', () => process.exit());
