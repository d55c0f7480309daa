/** The demo page under test: accessibility, layout shifts, console and pictures of the screen. */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import type { Sample, StackInfo } from '../../tools/dev/stack/project.js';
import { ROOT } from './stack.js';

const AXE = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');
/** Layout shift score: "good" is 0.1, https://web.dev/articles/cls */
const MAX_LAYOUT_SHIFT = 0.01;
/** Written only on purpose: `SPV_SCREENSHOTS=1 npm test -- browser --long`. */
const SCREENSHOTS = process.env['SPV_SCREENSHOTS'];
const FOLDER = join(ROOT, 'docs', 'screenshots');

/** Lines of the console that are part of the stories. */
const EXPECTED = [
  // What the page asks for as a stranger, to show that it is refused.
  /the server responded with a status of 40[34]/,
  /ERR_INTERNET_DISCONNECTED/,
  // Without a connection, Firestore loads a picture of google.com to find out why; the page forbids it.
  /google\.com.+Content Security Policy/,
];

export interface Look {
  device: 'desktop' | 'phone';
  colorScheme: 'light' | 'dark';
}

const VIEWPORTS = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};

declare global {
  interface Window {
    axe: { run(context: unknown, options: RunOptions): Promise<AxeResults> };
    layoutShift: number;
    /** Score and classes of the elements that moved. */
    shifts: string[];
    upload: { seen: string[]; chosenAt: number; previewAt: number };
  }
}

/** What was measured in all pages. */
export const totals = { steps: 0, violations: 0, passes: 0, incomplete: 0, layoutShift: 0 };

/** A page of the demo with a user of its own. */
export class DemoPage {
  readonly problems: string[] = [];

  private constructor(
    readonly look: Look,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  /** @param stack with the sample that /stack.json is to have */
  static async open(
    browser: Browser,
    look: Look,
    stack: StackInfo & { revocationSeconds: number; sample?: Sample },
  ): Promise<DemoPage> {
    const context = await browser.newContext({
      ...VIEWPORTS[look.device],
      colorScheme: look.colorScheme,
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
      locale: 'en-GB',
    });
    await context.route('**/stack.json', (route) => route.fulfill({ json: stack }));
    const page = await context.newPage();
    await page.addInitScript(() => {
      window.layoutShift = 0;
      window.shifts = [];
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & LayoutShift)[]) {
          if (entry.hadRecentInput) continue;
          window.layoutShift += entry.value;
          const names = entry.sources.map(({ node }) => (node as HTMLElement | null)?.className);
          window.shifts.push(`${entry.value.toFixed(4)} ${names.join(', ')}`);
        }
      }).observe({ type: 'layout-shift', buffered: true });
    });
    const demo = new DemoPage(look, context, page);
    page.on('pageerror', (error) => demo.problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      if (EXPECTED.some((pattern) => pattern.test(message.text()))) return;
      demo.problems.push(message.text());
    });
    return demo;
  }

  /** @returns the number of words on the page, and the fonts in use */
  readTexts() {
    return this.page.evaluate(() => ({
      words: document.body.innerText.split(/[\s·]+/).filter((word) => /\w/.test(word)).length,
      fonts: [...document.querySelectorAll('#app *')].map((element) => {
        const { fontFamily, fontSize } = getComputedStyle(element);
        return { fontFamily, fontSize };
      }),
    }));
  }

  /** Notes the states of the next photo in `window.upload`, and when a file was chosen and its preview shown. */
  noteUpload(): Promise<void> {
    return this.page.evaluate(() => {
      const upload = { seen: [] as string[], chosenAt: 0, previewAt: 0 };
      window.upload = upload;
      new MutationObserver(() => {
        const state = document.querySelector<HTMLElement>('article')?.dataset['state'] ?? '';
        if (upload.seen.at(-1) !== state) upload.seen.push(state);
        if (document.querySelector('[data-testid=preview]')) upload.previewAt ||= performance.now();
      }).observe(document.body, { subtree: true, childList: true, attributes: true });
      const chosen = () => (upload.chosenAt ||= performance.now());
      document.addEventListener('change', chosen, true);
    });
  }

  /** Checks what is on the screen after a step of a story. @throws Error with what is wrong */
  async check(name: string): Promise<void> {
    const { page } = this;
    await page.evaluate(AXE);
    const { violations, passes, incomplete } = await page.evaluate(() =>
      window.axe.run(document, { resultTypes: ['violations', 'incomplete'] }),
    );
    totals.steps += 1;
    totals.violations += violations.length;
    totals.passes += passes.length;
    totals.incomplete += incomplete.length;
    const found = violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`,
    );
    const { layoutShift, shifts } = await page.evaluate(() => {
      const { layoutShift, shifts } = window;
      return { layoutShift, shifts };
    });
    totals.layoutShift = Math.max(totals.layoutShift, layoutShift);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    await this.#save(name);
    expect({ step: name, found, overflow, problems: this.problems }).toEqual({
      step: name,
      found: [],
      overflow: 0,
      problems: [],
    });
    expect(layoutShift > MAX_LAYOUT_SHIFT ? shifts : []).toEqual([]);
  }

  async #save(name: string): Promise<void> {
    if (SCREENSHOTS === undefined) return;
    const { device, colorScheme } = this.look;
    mkdirSync(FOLDER, { recursive: true });
    const png = await this.page.screenshot();
    await sharp(png)
      .webp({ quality: 80, effort: 6 })
      .toFile(join(FOLDER, `${name}-${device}-${colorScheme}.webp`));
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}

/** https://wicg.github.io/layout-instability/#sec-layout-shift */
interface LayoutShift {
  value: number;
  hadRecentInput: boolean;
  sources: { node: Node | null }[];
}

/** Whether the tests write pictures of the screen. */
export const WRITES_SCREENSHOTS = SCREENSHOTS !== undefined;
