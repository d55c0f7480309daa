/** No text in a request may cost much more time than an ordinary request. */
import { createContext, Script } from 'node:vm';
import fc from 'fast-check';
import { mintToken } from '../domain/token.js';
import {
  KNOWN_ATTACKS,
  recipes,
  textOf,
  type RequestPart,
} from '../../test/serve/adversarial-texts.js';
import { neverAborted, openServeFixture } from '../../test/serve/serve-fixture.js';
import type { ServeRequest } from './context.js';

/**
 * The most that a request may cost, in ordinary requests: ten times what the most expensive one costs. With
 * quadratic time, 2 KB cost hundreds of ordinary requests and 16 KB thousands.
 */
const MAX_COST = 100;
/** How long a single measurement may take before it is stopped, milliseconds. */
const TIMEOUT_MS = 500;
const REQUESTS_PER_ROUND = 10;
const ROUNDS = 5;

const { serve, token } = openServeFixture();
const ordinary = (): Partial<ServeRequest> => ({ url: `/${token}/w800.webp` });

/** A request with the text in one of its parts. */
const REQUESTS: Record<RequestPart, (text: string) => Partial<ServeRequest>> = {
  path: (text) => ({ url: `/${text}/${token}/w800.webp` }),
  query: (text) => ({ url: `/${token}?${text}` }),
  accept: (accept) => ({ url: `/${token}/w800`, headers: { accept } }),
  'if-match': (text) => ({ ...ordinary(), headers: { 'if-match': text } }),
  'if-none-match': (text) => ({ ...ordinary(), headers: { 'if-none-match': text } }),
  'if-range': (text) => ({ ...ordinary(), headers: { 'if-range': text, range: 'bytes=0-1' } }),
  range: (range) => ({ ...ordinary(), headers: { range } }),
  // The client's address is needed only for a request that causes a read.
  'x-forwarded-for': (text) => ({
    url: `/${mintToken()}/w800`,
    headers: { 'x-forwarded-for': text },
  }),
};

/** Runs a function that can be stopped while it runs, even within a regular expression. */
const stoppable = createContext({ run: () => undefined as void });
const script = new Script('run()');

/**
 * CPU time until the handler has parsed the request, milliseconds: the fastest of several rounds.
 * @returns Infinity when a round takes longer than the timeout
 */
async function cost(build: () => Partial<ServeRequest>): Promise<number> {
  const responses: unknown[] = [];
  let fastest = Infinity;
  stoppable['run'] = () => {
    const requests = Array.from({ length: REQUESTS_PER_ROUND }, build);
    const before = process.cpuUsage();
    for (const request of requests) {
      const signal = neverAborted();
      responses.push(serve({ method: 'GET', url: '/', headers: {}, signal, ...request }));
    }
    const { user, system } = process.cpuUsage(before);
    fastest = Math.min(fastest, (user + system) / 1000 / REQUESTS_PER_ROUND);
  };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      script.runInContext(stoppable, { timeout: TIMEOUT_MS });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    return Infinity;
  }
  await Promise.all(responses);
  return fastest;
}

let baseline: number;
beforeAll(async () => {
  // Rendition and token record are in memory afterwards, and the code is compiled.
  for (let round = 0; round < 20; round++) {
    for (const request of Object.values(REQUESTS)) await cost(() => request('x'));
  }
  baseline = await cost(ordinary);
});

const costOf = async (part: RequestPart, text: string) =>
  (await cost(() => REQUESTS[part](text))) / baseline;

test.each(KNOWN_ATTACKS)('%s: %s', async (part, _name, text) => {
  expect(await costOf(part, text)).toBeLessThan(MAX_COST);
});

test.each(Object.keys(REQUESTS) as RequestPart[])('%s: random repetitions', async (part) => {
  await fc.assert(
    fc.asyncProperty(recipes(part), async (recipe) => {
      expect(await costOf(part, textOf(recipe))).toBeLessThan(MAX_COST);
    }),
    // A smaller text costs less: there is nothing to learn from shrinking.
    { seed: 18, numRuns: 200, endOnFailure: true },
  );
});
