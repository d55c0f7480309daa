/**
 * How fast the demo page lands in Chromium, with empty caches, on the local stack: as a visitor without photos, who sees
 * the sample.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { StackContext } from '../../tools/dev/stack/stack-context.js';
import { startStack } from '../../tools/dev/stack/stack.js';
import { launchChromium } from '../chromium.js';
import { medians, table } from '../figures.js';
import type { BenchPaths } from '../paths.js';
import { writeResults } from '../results.js';

const PHOTO = join('tests', 'fixtures', 'photos', 'seeding.jpg');
const DEVICES = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};

type Figures = Record<
  /** Milliseconds until the picture is decoded, and the answer for the original is on the screen. */
  | 'usableMs'
  /** Largest Contentful Paint, milliseconds. */
  | 'lcpMs'
  /** Cumulative Layout Shift. */
  | 'cls'
  /** Bytes of responses with headers: until the page is usable, and until the network is idle. */
  | 'usableBytes'
  | 'totalBytes',
  number
>;

/** Prints a table of medians and writes demo.json. @param runs pages for each device, after one that is not counted */
export async function measureDemo(paths: BenchPaths, runs: number): Promise<void> {
  const stack = await startStack({ root: paths.root, form: 'kit', freePorts: true });
  const script = join(paths.root, 'bench', 'demo', 'page.mjs');
  const context = new StackContext(stack.info);
  let browser: Browser | undefined;
  try {
    const photo = readFileSync(join(paths.root, PHOTO));
    const { name, record } = await context.upload(await context.user(), photo);
    const { bytes, width = 0, height = 0 } = record.original;
    const objectUrl = context.objectUrl(name);
    stack.showSample({ token: record.token, objectUrl, bytes, width, height });
    browser = await launchChromium();
    const rows: (Figures & { device: string })[] = [];
    for (const [device, options] of Object.entries(DEVICES)) {
      const figures: Figures[] = [];
      for (let run = 0; run <= runs; run++) {
        const visit = await browser.newContext({ ...options, locale: 'en-GB' });
        const page = await visit.newPage();
        const measured = await measureLanding(page, stack.info.demo, script);
        await visit.close();
        // The first one starts the function `serve`.
        if (run > 0) figures.push(measured);
      }
      rows.push({ device, ...medians(figures) });
    }
    writeResults(paths, 'demo', { runs, rows });
    process.stdout.write(`landing, medians of ${runs}\n${tableOf(rows)}`);
  } finally {
    await browser?.close();
    await context.close();
    await stack.stop();
  }
}

function tableOf(rows: readonly (Figures & { device: string })[]): string {
  const kilobytes = (bytes: number) => `${Math.round(bytes / 1000)}`;
  return table(
    ['', 'usable after, s', 'LCP, s', 'CLS', 'until usable, kB', 'in all, kB'],
    rows.map(({ device, usableMs, lcpMs, cls, usableBytes, totalBytes }) => [
      ...[device, (usableMs / 1000).toFixed(2), (lcpMs / 1000).toFixed(2), cls.toFixed(4)],
      ...[kilobytes(usableBytes), kilobytes(totalBytes)],
    ]),
  );
}

/** @param script the path of page.mjs */
async function measureLanding(page: Page, url: string, script: string): Promise<Figures> {
  await page.addInitScript({ path: script });
  await page.goto(url);
  const usable = await page.waitForFunction(() =>
    (globalThis as unknown as Landing).landing.readUsable(),
  );
  await page.waitForLoadState('networkidle');
  const rest = await page.evaluate(() => (globalThis as unknown as Landing).landing.readAll());
  return { ...((await usable.jsonValue()) as UsableFigures), ...rest };
}

type UsableFigures = Pick<Figures, 'usableMs' | 'usableBytes'>;

/** What page.mjs adds to the page. */
interface Landing {
  landing: {
    readUsable(): UsableFigures | false;
    readAll(): Omit<Figures, keyof UsableFigures>;
  };
}
