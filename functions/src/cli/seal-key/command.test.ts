import { parseSealingKeys } from '../../domain/sealing-keys.js';
import { openSealOpener, seal } from '../../domain/seal.js';
import { mintToken } from '../../domain/token.js';
import { sealKey, USAGE } from './command.js';

/** Runs the command with this text on stdin. */
async function run(argv: string[], input = '') {
  let [out, err] = ['', ''];
  const terminal = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
  };
  const code = await sealKey(argv, terminal, () => Promise.resolve(input));
  return { code, out, err };
}

const keysOf = (text: string) => {
  const keys = parseSealingKeys(text);
  if ('expected' in keys) throw new Error(keys.expected);
  return keys;
};
const idsOf = (text: string) => keysOf(text).map(({ kid }) => kid);
const openerOf = (text: string) => openSealOpener(keysOf(text), 'bucket');

test('makes another key each time, and prints its public key, but no secret, to stderr', async () => {
  const [one, other] = [await run([]), await run([])];
  expect(one.out).toMatch(/^1:[\w-]{43}\n$/);
  expect(one.out).not.toBe(other.out);
  const [published] = openerOf(one.out).publicKeys.keys;
  expect(one.err).toBe(`key 1 seals and opens; public key ${published?.key}\n`);
});

test('rotates: the old key opens until it is dropped', async () => {
  const { out: first } = await run([]);
  const { out: both } = await run(['--add'], first);
  expect(both.startsWith(first.trim())).toBe(true);
  const { out: moved } = await run(['--first', '2'], both);
  const { out: second } = await run(['--drop', '1'], moved);
  expect([first, both, moved, second].map(idsOf)).toEqual([[1], [1, 2], [2, 1], [2]]);
  const token = mintToken();
  const [old, recent] = [
    seal({ token }, openerOf(both).publicKeys),
    seal({ token }, openerOf(moved).publicKeys),
  ];
  const opened = (keys: string) =>
    [old, recent].map((sealed) => openerOf(keys).open(sealed)?.token);
  expect([first, both, moved, second].map(opened)).toEqual([
    [token, undefined],
    [token, token],
    [token, token],
    [undefined, token],
  ]);
});

test('gives a new key the id after the highest one', async () => {
  const { out } = await run([]);
  const withId = (kid: number) => `${kid}${out.trim().slice(1)}`;
  expect(idsOf((await run(['--add'], withId(7))).out)).toEqual([7, 8]);
  expect(idsOf((await run(['--add'], withId(255))).out)).toEqual([255, 0]);
});

test.each([
  [['--add'], '', 'stdin: expected the value of SEALING_KEYS, found nothing\n'],
  [
    ['--add'],
    '1:short',
    'stdin: expected in entry 1, key id 1, 32 bytes as 43 characters of base64url, found 5 characters\n',
  ],
  [['--drop', '9'], `3:${'A'.repeat(43)}`, '--drop: expected one of the key ids 3, found "9"\n'],
  [['--first', ''], `3:${'A'.repeat(43)}`, '--first: expected one of the key ids 3, found ""\n'],
  [
    ['--add', '--drop', '1'],
    '',
    `expected one of --add, --first and --drop, found several\n\n${USAGE}`,
  ],
])('%j with %j on stdin', async (argv, input, err) => {
  expect(await run(argv, input)).toEqual({ code: 2, out: '', err });
});

test('prints its usage', async () => {
  expect(await run(['--help'])).toEqual({ code: 0, out: USAGE, err: '' });
  expect((await run(['--kid', '4'])).err).toContain(USAGE);
});
