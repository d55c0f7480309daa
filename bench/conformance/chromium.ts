/** Shows image files in Chromium, with the sRGB profile forced, and reads the pixels that a page shows. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { launchChromium } from '../chromium.js';

export interface Size {
  width: number;
  height: number;
}

export interface Shown extends Size {
  /** The size of the pixels below; smaller than the image when it is large. */
  fit: Size;
  /** RGBA, opaque: the image on white, and on black. */
  white: Uint8Array;
  black: Uint8Array;
  animation?: ShownAnimation;
  /** Why WebCodecs rejects the file: it is damaged, and shown in part. */
  problem?: string;
}

export interface ShownAnimation {
  frames: number;
  /** Milliseconds. */
  durations: number[];
  /** How often it plays; 0: for ever. */
  loop: number;
  /** The first frames on white. */
  pixels: Uint8Array[];
}

export interface NotShown {
  error: string;
}

export interface Browser {
  /** @param fit draws at this size instead of the image's own */
  show(bytes: Buffer, type: string, fit?: Size): Promise<Shown | NotShown>;
  version: string;
  close(): Promise<void>;
}

/** Longest edge of the compared pixels. */
const MAX_EDGE = 512;

type PageResult =
  | NotShown
  | (Size & {
      fit: Size;
      problem?: string;
      animation?: Omit<ShownAnimation, 'pixels'>;
      error?: undefined;
    });

/** @param script the path of page.mjs */
export async function openBrowser(script: string): Promise<Browser> {
  const files = new FileServer(script);
  const origin = await files.listen();
  const browser = await launchChromium('--force-color-profile=srgb');
  let page: Page | undefined;
  let count = 0;
  /** A new page now and then: Chromium keeps decoded images. */
  async function openPage(): Promise<Page> {
    if (count++ % 200 !== 0 && page) return page;
    await page?.close();
    page = await browser.newPage();
    await page.goto(`${origin}/`);
    return page;
  }
  let last: Promise<unknown> = Promise.resolve();
  return {
    version: browser.version(),
    /** One file at a time: the server holds only one. */
    show(bytes, type, fit) {
      const next = last.then(() => showNext(bytes, type, fit));
      last = next.catch(() => undefined);
      return next;
    },
    async close() {
      await browser.close();
      files.close();
    },
  };

  async function showNext(bytes: Buffer, type: string, fit?: Size): Promise<Shown | NotShown> {
    const current = await openPage();
    files.serve(bytes, type);
    const input = { url: `/file/${count}`, type, fit, maxEdge: MAX_EDGE };
    const expression = `import('/page.mjs').then(({ show }) => show(${JSON.stringify(input)}))`;
    const result = await current.evaluate<PageResult>(expression);
    if (result.error !== undefined) return { error: result.error };
    const shown = withPixels(result, files.takePixels());
    const { problem } = shown;
    return problem !== undefined && isEmpty(shown) ? { error: problem } : shown;
  }
}

function withPixels(result: Exclude<PageResult, NotShown>, pixels: Buffer): Shown {
  const length = result.fit.width * result.fit.height * 4;
  const images = Array.from({ length: pixels.length / length }, (_, i) =>
    pixels.subarray(i * length, (i + 1) * length),
  );
  const [white, black, ...frames] = images as [Buffer, Buffer, ...Buffer[]];
  const { animation } = result;
  const { width, height, fit, problem } = result;
  return {
    ...{ width, height, fit, white, black },
    ...(problem !== undefined && { problem }),
    ...(animation && { animation: { ...animation, pixels: frames } }),
  };
}

/** Chromium draws nothing for a file that it cannot decode, and reports no error. */
function isEmpty({ white, black }: Shown): boolean {
  return (
    white.every((level) => level === 255) &&
    black.every((level, i) => level === (i % 4 === 3 ? 255 : 0))
  );
}

/** Serves one file at a time to the page, and receives its pixels. */
class FileServer {
  private file: { bytes: Buffer; type: string } = { bytes: Buffer.alloc(0), type: 'text/plain' };
  private pixels: Buffer = Buffer.alloc(0);
  private readonly server: Server;

  constructor(private readonly script: string) {
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  serve(bytes: Buffer, type: string): void {
    this.file = { bytes, type };
  }

  takePixels(): Buffer {
    return this.pixels;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      this.pixels = Buffer.concat(chunks);
      response.end();
      return;
    }
    const [type, body] = this.contentOf(request.url ?? '/');
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body);
  }

  private contentOf(path: string): [type: string, body: string | Buffer] {
    if (path.startsWith('/file/')) return [this.file.type, this.file.bytes];
    if (path === '/page.mjs') return ['text/javascript', readFileSync(this.script)];
    return ['text/html', '<!doctype html><meta charset="utf-8"><title>conformance</title>'];
  }
}
