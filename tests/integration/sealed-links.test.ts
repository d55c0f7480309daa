/** Sealed links on the local stack: made by every implementation on Node.js; tests/browser has the one in Chromium. */
import { seal as sealWithHpke } from 'storage-public-variants-client/seal';
import { seal as sealInFunctions, type SealPublicKeys } from '../../functions/src/domain/seal.js';
import { hashToken } from '../../functions/src/domain/token.js';
import { get, statusOf } from '../support/http.js';
import { plainJpeg } from '../support/pictures.js';
import { run } from '../support/run.js';
import { ROOT, TestContext } from '../support/stack.js';

let context: TestContext;
let token: string;
let publicKeys: SealPublicKeys;

beforeAll(async () => {
  context = new TestContext();
  const owner = await context.user();
  token = (await context.upload(owner, await plainJpeg(900, 40, '#808000'))).record.token;
  const response = await fetch(context.serveUrl('seal-keys.json'));
  publicKeys = (await response.json()) as SealPublicKeys;
}, 60_000);
afterAll(() => context.close());

/** Runs a program of a server with a built entry of the client package, an ES module. */
async function sealWithBuilt(entry: 'admin' | 'seal', options: object): Promise<string> {
  const program = `
    import { seal } from 'storage-public-variants-client/${entry}';
    const { expiresAt, ...options } = JSON.parse(process.argv[1]);
    console.log(await seal({ ...options, ...(expiresAt && { expiresAt: new Date(expiresAt) }) }));`;
  const args = ['--input-type=module', '-e', program, '--', JSON.stringify(options)];
  return (await run(process.execPath, args, { cwd: ROOT })).out.trim();
}

const statusesOf = (sealed: string) =>
  Promise.all(['w400', 'w800'].map((variant) => statusOf(context.serveUrl(sealed, variant))));

test('the keys are published for the bucket of the originals', () => {
  expect(publicKeys).toEqual({
    audience: context.stack.bucket,
    keys: [{ kid: 1, key: expect.stringMatching(/^[\w-]{43}$/) as string }],
  });
});

const limits = { maxWidth: 500, expiresAt: new Date(Date.now() + 3_600_000) };
const notAfter = Math.floor(limits.expiresAt.getTime() / 1000);

test.each<[string, () => string | Promise<string>]>([
  ['the functions', () => sealInFunctions({ token, maxWidth: 500, notAfter }, publicKeys)],
  ['the source of /seal', () => sealWithHpke({ token, publicKeys, ...limits })],
  ['the built /seal', () => sealWithBuilt('seal', { token, publicKeys, ...limits })],
  ['the built /admin', () => sealWithBuilt('admin', { token, publicKeys, ...limits })],
])(
  'a link that %s has sealed opens, within its limits',
  async (_name, make) => {
    const sealed = await make();
    expect(await statusesOf(sealed)).toEqual([200, 404]);
    const manifest = await (await fetch(context.serveUrl(sealed))).text();
    expect([manifest.includes(`${sealed}/w400.`), manifest.includes(token)]).toEqual([true, false]);
    expect(manifest).not.toContain('w800');
  },
  60_000,
);

test('what opens nothing gets the 404 of an unknown URL, byte for byte', async () => {
  const sealed = sealInFunctions({ token }, publicKeys);
  const changed = `${sealed.slice(0, -1)}${sealed.endsWith('A') ? 'B' : 'A'}`;
  const elsewhere = sealInFunctions({ token }, { ...publicKeys, audience: 'another' });
  const over = sealInFunctions({ token, notAfter: 1 }, publicKeys);
  const responses = await Promise.all(
    ['unknown', changed, elsewhere, over].map((each) => get(context.serveUrl(each, 'w400'))),
  );
  const comparable = responses.map(({ status, headers, body }) => {
    const others = Object.fromEntries([...headers].filter(([name]) => name !== 'date'));
    return { status, others, body: String(body) };
  });
  for (const each of comparable) expect(each).toEqual(comparable[0]);
  expect(comparable[0]).toMatchObject({ status: 404, others: { 'cache-control': 'no-store' } });
});

test('a link dies with its token', async () => {
  const sealed = sealInFunctions({ token }, publicKeys);
  expect(await statusesOf(sealed)).toEqual([200, 200]);
  await context.firestore.doc(`imageTokens/${hashToken(token)}`).delete();
  // REVOCATION_SECONDS is 0 on this stack.
  expect(await statusesOf(sealed)).toEqual([404, 404]);
});
