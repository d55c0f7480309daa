/** Requests to the origin, through the file worker. */
import type { Fetcher } from './platform.js';

/** The origin did not answer in time, or with a status that says nothing about the image. */
export class OriginUnavailable extends Error {}

export interface Origin {
  /**
   * Sends a GET request.
   * @param path as `serve` expects it
   * @returns a response with the status 200, 206, 304, 404, 412, 416 or 429
   * @throws OriginUnavailable
   */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
}

/** Over a service binding, the host of a URL has no meaning. */
const BASE = 'https://files.invalid';
const EXPECTED = [200, 206, 304, 404, 412, 416, 429];

/** @param common headers of each request, such as `Via` */
export function openOrigin(
  files: Fetcher,
  timeoutMs: number,
  common: Record<string, string>,
): Origin {
  return {
    async get(path, headers = {}) {
      const signal = AbortSignal.timeout(timeoutMs);
      const request = new Request(BASE + path, { headers: { ...headers, ...common }, signal });
      const response = await files.fetch(request).catch((error: unknown) => {
        throw new OriginUnavailable('the file worker did not respond', { cause: error });
      });
      if (EXPECTED.includes(response.status)) return response;
      await response.body?.cancel();
      throw new OriginUnavailable(`the file worker responded with status ${response.status}`);
    },
  };
}
