/** Chromium as users have it: with web security, so that a missing CORS header is an error. */
import sparticuz from '@sparticuz/chromium';
import { chromium, type Browser } from 'playwright-core';

const EXCLUDED_FLAGS: ReadonlySet<string> = new Set([
  // For serverless environments; with them, a second page does not load here.
  '--single-process',
  '--no-zygote',
  // They turn web security off.
  '--disable-web-security',
  '--disable-site-isolation-trials',
  '--allow-running-insecure-content',
]);

/** Starts Chromium; the caller closes it. @param flags further command line flags */
export async function launchChromium(...flags: string[]): Promise<Browser> {
  const standard = sparticuz.args.filter((flag) => !EXCLUDED_FLAGS.has(flag));
  return chromium.launch({
    executablePath: await sparticuz.executablePath(),
    args: [...standard, ...flags],
    headless: true,
  });
}
