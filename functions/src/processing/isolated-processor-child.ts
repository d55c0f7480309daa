/** The child process of isolated-processor.ts: reads uploads from a pipe, responds over IPC. */
import { Socket } from 'node:net';
import { ImageFailure, type ImageFailureCode, type MessageValues } from '../errors.js';
import {
  processImage,
  type ProcessedImage,
  type ProcessSettings,
  type Rendition,
} from './process-image.js';

export interface ProcessRequest {
  /** Bytes of the upload, to be read from the pipe. */
  length: number;
  settings: ProcessSettings;
}

export type ProcessResponse =
  /** Each when it is made, then `image`. */
  | { rendition: Rendition }
  | { image: Omit<ProcessedImage, 'renditions'> & { renditions: Omit<Rendition, 'data'>[] } }
  | { code: ImageFailureCode; detail: string; values?: MessageValues }
  | { error: string; stack?: string };

/** The pipe's file descriptor: 0 to 2 are the standard streams, 3 is the IPC channel. */
const PIPE_FD = 4;

const pipe = new Socket({ fd: PIPE_FD, readable: true, writable: false });

/** Reads the next `length` bytes of the pipe into a single allocation. */
async function readPipe(length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let filled = 0; filled < length;) {
    const chunk = pipe.read() as Buffer | null;
    if (chunk) filled += chunk.copy(bytes, filled);
    else await new Promise((resolve) => pipe.once('readable', resolve));
  }
  return bytes;
}

async function handleRequest({ length, settings }: ProcessRequest): Promise<ProcessResponse> {
  try {
    const image = await processImage(
      await readPipe(length),
      settings,
      undefined,
      (rendition) => void send({ rendition }),
    );
    const renditions = image.renditions.map(({ variants, format, width, height }) => ({
      ...{ variants, format, width, height },
    }));
    return { image: { ...image, renditions } };
  } catch (error) {
    if (error instanceof ImageFailure) {
      const { code, detail, values } = error;
      return { code, detail, values };
    }
    if (error instanceof RangeError && error.message.includes('allocation failed')) {
      return { code: 'too-much-memory', detail: error.message };
    }
    const { stack } = error instanceof Error ? error : new Error();
    return { error: String(error), ...(stack !== undefined && { stack }) };
  }
}

const send = (response: ProcessResponse) => process.send?.(response);

process.on('message', (request: ProcessRequest) => {
  void handleRequest(request).then(send);
});
// The parent process has ended.
process.on('disconnect', () => process.exit());
