/** Reads bodies of HTTP requests within bounds. */
import type * as http from 'node:http';
import { Code, StatusError } from '../errors.js';

/** Bodies that are being read, of all requests together. */
const MAX_BUFFERED_BYTES = 256 * 1024 * 1024;

/** Bounds one body, and all bodies that are being read at the same time. */
export class BodyReader {
  #buffered = 0;

  /**
   * Reads a body as UTF-8 text.
   * @param maxBytes size of the largest accepted body
   * @throws StatusError when the body or all bodies together are too large, or not UTF-8
   */
  async read(request: http.IncomingMessage, maxBytes: number): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
      for await (const chunk of request as AsyncIterable<Buffer>) {
        size += chunk.length;
        this.#buffered += chunk.length;
        if (size > maxBytes) throw tooLarge(maxBytes);
        if (this.#buffered > MAX_BUFFERED_BYTES) {
          const message = 'The emulator reads too many large requests at once.';
          throw new StatusError(Code.UNAVAILABLE, message);
        }
        chunks.push(chunk);
      }
    } finally {
      this.#buffered -= size;
    }
    try {
      return new TextDecoder('utf8', { fatal: true }).decode(Buffer.concat(chunks));
    } catch {
      throw new StatusError(
        Code.INVALID_ARGUMENT,
        'Invalid JSON payload received. The body is not UTF-8.',
      );
    }
  }
}

function tooLarge(maxBytes: number): StatusError {
  const message = `Request payload size exceeds the limit: ${maxBytes} bytes.`;
  return new StatusError(Code.INVALID_ARGUMENT, message, [], 413);
}
