import { PARAMETERS } from './parameter-table.js';
import { DEFAULTS, parseConfig } from './config.js';

const BUCKET = 'demo.appspot.com';
/** 32 bytes of zeros. */
const KEY = 'A'.repeat(43);
const parameters = Object.entries(PARAMETERS);
const ACCOUNTS = Object.keys(PARAMETERS).filter((name) => name.endsWith('_SERVICE_ACCOUNT'));

describe.each(parameters)('%s', (name, parameter) => {
  test('has a label and complete sentences', () => {
    expect(parameter.label).toMatch(/^[A-Z][^.]*$/);
    expect(parameter.description).toMatch(/^[A-Z].*\.$/);
    expect(parameter.expected).toMatch(/[^.]$/);
  });

  test('accepts its default and its example', () => {
    const { example } = parameter;
    // All three service accounts are set, or none.
    const names = name.endsWith('_SERVICE_ACCOUNT') ? ACCOUNTS : [name];
    const examples = Object.fromEntries(names.map((each) => [each, example]));
    const parse = () => parseConfig({ BUCKET, ...examples });
    // The example of a secret must not be a secret that somebody uses.
    if (parameter.type === 'secret') return expect(parse).toThrow(name);
    expect(parse).not.toThrow();
    if (parameter.pattern === undefined) return;
    const pattern = new RegExp(parameter.pattern);
    expect(parameter.example).toMatch(pattern);
    const value = parameter.extension?.default ?? parameter.initial ?? parameter.default;
    if (value !== '') expect(value).toMatch(pattern);
  });

  test('has its default and its example among its options', () => {
    const values = (parameter.extension?.options ?? parameter.options)?.map(({ value }) => value);
    if (values === undefined) return;
    const given = [parameter.default, parameter.example, parameter.initial ?? []]
      .flat()
      .flatMap((text) => text.split(','));
    expect(given.filter((value) => !values.includes(value))).toEqual([]);
    for (const value of values) expect(() => parseConfig({ BUCKET, [name]: value })).not.toThrow();
  });

  test('is explained where its default is empty', () => {
    expect(parameter.defaultText !== undefined).toBe(parameter.default === '');
  });
});

test.each([
  ['ORIGINALS_PATH', ['{imageId}/{uid}', 'a/{uid}/b/{imageId}/c'], ['{uid}', 'a//{uid}/{imageId}']],
  ['VARIANTS_PATH', ['a', 'a/b'], ['', '/a', 'a/', '{uid}']],
  [
    'VARIANTS',
    [
      ...['a:1', 'a:1x2', 'a:1x2:cover,b:1x2:inside', 'a:1x2:jpeg:1kB,b:1x2:cover:jpeg:30kB'],
      ...['a:1:gray:blur=3:quality=80', 'a:1x2:contain:background=ffffff:png', 'a:1x2:cover:focal'],
    ],
    ['a', 'a:1x', 'a:1,', 'a:1:cover', 'a:1:jpeg:1kB', 'a:1x2:jpeg', 'a:1x2:jpeg:1', 'a:1:sepia'],
  ],
  ['IMAGES_COLLECTION', ['{uid}', '{uid}/a/b', 'a/{uid}/b'], ['a', 'a/{uid}', '{uid}/a']],
  ['TOKENS_COLLECTION', ['a', 'a/b/c'], ['a/b', '{uid}', 'a//b']],
  ['PUBLIC_BASE_URL', ['', 'http://localhost:5001/a'], ['example.com', 'https://example.com/?a']],
  ['REVOCATION_SECONDS', ['0', '86400'], ['-1', '1.5', '', '1000000']],
  ['EDGE_KEY_HASHES', ['', KEY, `${KEY},${'B'.repeat(43)}`], [`${KEY},`, 'a key', `${KEY}=`]],
  ['TRUSTED_PROXIES', ['', '2', '10.0.0.1,2001:db8::/32'], ['lb.example.com', '10.0.0.1,']],
  ['MAX_MEGAPIXELS', ['1', '99', '100'], ['0', '101']],
  [
    'FILTER_URL',
    ['', 'https://f.example/?a=b'],
    ['https://a@f.example', 'https://f.example/#a', 'f'],
  ],
  ['DATABASE_ID', ['(default)', 'photos', 'a1-b'], ['(Default)', 'Photos', 'abc', 'a-b-']],
  ['EVENTS', ['', 'onReady', 'onHeld,onFailed'], ['OnReady', 'onReady,', 'onReady onFailed']],
  ['SEALING_KEYS', ['', `1:${KEY}`, `0:${KEY},255:${KEY}`], [`1:${KEY}=`, `1:${KEY},`, KEY]],
  ['QUALITY', ['', '60', '79', '90'], ['59', '91', '6', '700']],
] as const)('the pattern of %s accepts %j and rejects %j', (name, valid, invalid) => {
  const pattern = new RegExp(PARAMETERS[name].pattern ?? '');
  for (const value of valid) {
    expect(value).toMatch(pattern);
    expect(() => parseConfig({ BUCKET, [name]: value })).not.toThrow();
  }
  for (const value of invalid) {
    expect(value).not.toMatch(pattern);
    if (value !== '') expect(() => parseConfig({ BUCKET, [name]: value })).toThrow(name);
  }
});

test('DEFAULTS has the parameters that the functions read', () => {
  expect(Object.keys(DEFAULTS)).not.toContain('BUCKET_LOCATION');
  expect(Object.keys(DEFAULTS)).not.toContain('SEALING_KEYS');
  expect(Object.keys(DEFAULTS)).toHaveLength(parameters.length - 2);
});
