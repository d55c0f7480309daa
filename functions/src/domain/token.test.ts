import { hashToken, isToken, mintToken } from './token.js';

/** Must stay valid: a changed token format would break every published URL. */
const KNOWN = {
  token: 'spv_BJngSNOQUVgaLWBvj3mKiirm27r2TQfDB',
  hash: 'iYYAxUOxcWe6pIY8vmp42DpJK6eZK4NOVlCskmQyxIo',
};

test('mintToken returns the documented format', () => {
  for (let i = 0; i < 200; i++) {
    const token = mintToken();
    expect(token).toMatch(/^spv_[0-9A-Za-z]{27}[0-9A-Za-z]{6}$/);
    expect(isToken(token)).toBe(true);
  }
});

test('tokens are unique, and every character of the body varies', () => {
  const tokens = Array.from({ length: 500 }, mintToken);
  expect(new Set(tokens).size).toBe(500);
  for (let i = 5; i < 31; i++) {
    expect(new Set(tokens.map((token) => token[i])).size).toBeGreaterThan(20);
  }
});

test('tokens and hashes of earlier versions stay valid', () => {
  expect(isToken(KNOWN.token)).toBe(true);
  expect(hashToken(KNOWN.token)).toBe(KNOWN.hash);
});

test('the checksum detects any single changed character', () => {
  for (let i = 0; i < KNOWN.token.length; i++) {
    const other = KNOWN.token[i] === 'a' ? 'b' : 'a';
    expect(isToken(KNOWN.token.slice(0, i) + other + KNOWN.token.slice(i + 1))).toBe(false);
  }
});

test.each([
  ['empty', ''],
  ['one character short', KNOWN.token.slice(0, -1)],
  ['one character too long', `${KNOWN.token}0`],
  ['followed by a line break', `${KNOWN.token}\n`],
  ['no prefix', KNOWN.token.slice(4)],
  ['another prefix', `spx_${KNOWN.token.slice(4)}`],
])('%s is not a token', (_what, text) => {
  expect(isToken(text)).toBe(false);
});
