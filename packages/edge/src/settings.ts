/** Reads the variables and secrets of the image worker. */
import type { ImageWorkerEnv } from './env.js';
import { openSeals, type Seals } from './seals.js';
import type { EdgeCaches, Fetcher, ImagesBinding, RateLimitBinding } from './platform.js';

export type ResizingSettings =
  | { mode: 'binding'; images: ImagesBinding }
  | { mode: 'cf.image'; filesUrl: string; callerSecret: string };

export interface Settings {
  files: Fetcher;
  seals: Seals;
  sealLimit: RateLimitBinding | undefined;
  noindex: boolean;
  timeoutMs: number;
  caches: EdgeCaches;
  /** Ascending, pixels; none when resizing is off. */
  widths: readonly number[];
  resizing?: ResizingSettings;
}

const DEFAULT_WIDTHS = '160,240,320,480,640,960,1280,1920,2560';
const MAX_WIDTHS = 20;
const DEFAULT_TIMEOUT_MS = '15000';

/** @throws Error when a variable is missing or malformed; the message has no part of a secret */
export async function readSettings(env: ImageWorkerEnv): Promise<Settings> {
  const timeoutMs = Number(env.ORIGIN_TIMEOUT_MS ?? DEFAULT_TIMEOUT_MS);
  check(Number.isInteger(timeoutMs) && timeoutMs > 0, 'ORIGIN_TIMEOUT_MS', 'a whole number');
  check(env.FILES !== undefined, 'FILES', 'a service binding to the file worker');
  const isLimit = env.SEAL_LIMIT === undefined || typeof env.SEAL_LIMIT.limit === 'function';
  check(isLimit, 'SEAL_LIMIT', 'a rate limiting binding');
  const resizing = readResizing(env);
  return {
    files: env.FILES,
    seals: await openSeals(env.SEALING_KEYS ?? '', env.BUCKET ?? ''),
    sealLimit: env.SEAL_LIMIT,
    noindex: env.NOINDEX !== 'false',
    timeoutMs,
    caches: env.CACHES ?? caches,
    widths: resizing === undefined ? [] : readWidths(env.WIDTHS ?? DEFAULT_WIDTHS),
    ...(resizing && { resizing }),
  };
}

function readResizing(env: ImageWorkerEnv): ResizingSettings | undefined {
  const { RESIZING: mode = 'off', IMAGES: images, FILES_URL = '', CALLER_SECRET = '' } = env;
  if (mode === 'off') return undefined;
  if (mode === 'binding') {
    check(images !== undefined, 'IMAGES', 'the Images binding, because RESIZING is binding');
    return { mode, images };
  }
  check(mode === 'cf.image', 'RESIZING', 'off, binding or cf.image');
  check(/^https:\/\/[^?#]+[^?#/]$/.test(FILES_URL), 'FILES_URL', 'https://HOST of the file worker');
  check(/^\S{32,256}$/.test(CALLER_SECRET), 'CALLER_SECRET', 'a secret of 32 to 256 characters');
  return { mode: 'cf.image', filesUrl: FILES_URL, callerSecret: CALLER_SECRET };
}

function readWidths(text: string): number[] {
  const widths = text.split(',').map(Number);
  const isAscending = widths.every((width, at) => width > (widths[at - 1] ?? 0));
  const areWidths = widths.every((width) => Number.isInteger(width) && width <= 16_383);
  const isValid = areWidths && isAscending && widths.length <= MAX_WIDTHS;
  check(isValid, 'WIDTHS', `at most ${MAX_WIDTHS} whole numbers in ascending order`);
  return widths;
}

function check(isValid: boolean, name: string, expected: string): asserts isValid {
  if (!isValid) throw new Error(`${name}: expected ${expected}, found something else or nothing`);
}
