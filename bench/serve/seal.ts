/** `npm run bench -- seal`: CPU time of a view in `serve` by a token, and by a sealed token. */
import { Readable } from 'node:stream';
import { median, table } from '../figures.js';
import type { BenchPaths } from '../paths.js';
import { openProduct } from '../product.js';
import { writeResults } from '../results.js';
import { SIZES } from './backend.js';

const ROUNDS = 9;
/** Views of each kind in each round; an opening takes some fifty times longer than a view from memory. */
const [VIEWS, OPENINGS] = [20_000, 1_000];

/** Prints the table and writes seal.json. */
export async function measureSeals(places: BenchPaths): Promise<void> {
  const product = openProduct(places.root);
  const { mintToken } = product.token();
  const { seal, openSealOpener } = product.seal();
  const keys = [{ kid: 1, seed: Buffer.alloc(32, 1) }];
  const { publicKeys } = openSealOpener(keys, 'bench');
  const serve = product.serve().openHandler({
    config: {
      revocationSeconds: 86_400,
      noindex: true,
      trustedProxies: [],
      edgeKeyHashes: [],
      quotas: { views: 0, token: 0, tokenBytes: 0 },
      variants: [],
      formats: ['webp'],
      bucket: 'bench',
      sealingKeys: keys,
    },
    reader: readerOf(product.entityTag().entityTag),
    log: () => {},
  });
  const { signal } = new AbortController();
  const send = (token: string) =>
    serve({ method: 'GET', url: `/${token}/w400.webp`, headers: {}, signal });
  const view = (token: string) => {
    const response = send(token);
    if (response instanceof Promise || response.status !== 200) {
      throw new Error('expected status 200 from memory, found something else');
    }
  };
  const token = mintToken();
  const sealed = seal({ token }, publicKeys);
  const limited = seal({ token, maxWidth: 800, notAfter: 4_000_000_000 }, publicKeys);
  const kinds: Record<string, () => string[]> = {
    plain: () => Array<string>(VIEWS).fill(token),
    'sealed, remembered': () => Array<string>(VIEWS).fill(sealed),
    'sealed with limits, remembered': () => Array<string>(VIEWS).fill(limited),
    'sealed, first opening': () =>
      Array.from({ length: OPENINGS }, () => seal({ token }, publicKeys)),
  };
  await send(token);
  const times = new Map<string, number[]>();
  for (let round = -1; round < ROUNDS; round++) {
    for (const [kind, make] of Object.entries(kinds)) {
      const tokens = make();
      // In memory, whatever the earlier round has displaced.
      for (const each of [token, sealed, limited]) view(each);
      const before = process.cpuUsage();
      for (const each of tokens) view(each);
      const { user, system } = process.cpuUsage(before);
      // The first round is a warm-up.
      if (round >= 0)
        times.set(kind, [...(times.get(kind) ?? []), (user + system) / tokens.length]);
    }
  }
  const results = Object.fromEntries(
    [...times].map(([kind, values]) => [kind, Math.round(median(values) * 10) / 10]),
  );
  const rows = Object.entries(results).map(([kind, value]) => [kind, value.toFixed(1)]);
  process.stdout.write(`median of ${ROUNDS} rounds; the image is in memory\n`);
  process.stdout.write(table(['a view by a token', 'CPU µs'], rows));
  writeResults(places, 'seal', { cpuMicroseconds: results });
}

/** One image for every token. */
function readerOf(entityTag: (bytes: Buffer) => string) {
  const data = Buffer.alloc(SIZES.w400, 1);
  const webp = { object: 'w400', bytes: data.length, etag: entityTag(data) };
  const image = {
    attempt: 'a',
    bucket: 'bench',
    generation: '1',
    placeholder: { thumbhash: 'AAAA', color: '#102030' },
    renditions: { w400: { width: 400, height: 300, webp } },
  };
  const owner = { uid: 'u', imageId: 'i', imagePath: 'users/u/images/i' };
  return {
    findToken: () => Promise.resolve({ ...owner, kind: 'default' as const, createdAt: 0, image }),
    readRendition: () => Promise.resolve({ bytes: data.length, body: Readable.from([data]) }),
  };
}
