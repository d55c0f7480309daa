/** Files of parameters: what is set stays, what is missing is added. */
import { parseEnv } from 'node:util';
import { INITIAL_VALUES, PARAMETER_NAMES } from '../../config/parameter-table.js';
import { completeEnvironment, readParameters } from './environment.js';

const VALUES = { BUCKET: 'my-bucket', LOCATION: 'us-east1' };

test('a new file has every parameter', () => {
  const text = completeEnvironment(undefined, VALUES, {});
  expect(Object.keys(parseEnv(text)).sort()).toEqual([...PARAMETER_NAMES].sort());
  expect(readParameters(text)).toMatchObject(VALUES);
  expect(completeEnvironment(text, VALUES, {})).toBe(text);
});

test.each([
  ['line feeds', '# mine\nTIFF=true\nOTHER=x\n'],
  ['CRLF', '# mine\r\nTIFF=true\r\nOTHER=x\r\n'],
  ['no line end at the end', 'TIFF=true'],
  ['a byte order mark', '\ufeffTIFF=true\n'],
  ['nothing', ''],
])('missing parameters are added after what is there: %s', (_title, before) => {
  const text = completeEnvironment(before, { ...VALUES, TIFF: 'false' }, {});
  expect(text.startsWith(before)).toBe(true);
  const parameters = readParameters(text);
  expect(Object.keys(parameters)).toHaveLength(PARAMETER_NAMES.length);
  expect(parameters).toMatchObject({ ...VALUES, TIFF: before === '' ? 'false' : 'true' });
  expect(/[^\r]\n/.test(text)).toBe(!before.includes('\r\n'));
});

test('an existing installation keeps what it had: only a new file has what a new installation sets', () => {
  expect(readParameters(completeEnvironment(undefined, VALUES, {})).QUALITY).toBe(
    INITIAL_VALUES.QUALITY,
  );
  expect(readParameters(completeEnvironment('BUCKET=a\n', VALUES, {})).QUALITY).toBe('');
});

test('parameters that another file sets for every project are not repeated', () => {
  const text = completeEnvironment(undefined, VALUES, { VARIANTS: 'a:1', NOINDEX: '' });
  expect(text).not.toMatch(/^(VARIANTS|NOINDEX)=/m);
});

test.each(['a b', 'a#b', 'a"b', String.raw`a\b`, "a'b", 'ä'])(
  '%s is quoted as the CLI reads it',
  (value) => {
    const { parse } = jest.requireActual<{ parse: (text: string) => { envs: object } }>(
      'firebase-tools/lib/functions/env',
    );
    const text = completeEnvironment(undefined, { ...VALUES, VARIANTS_PATH: value }, {});
    expect(parse(text).envs).toMatchObject({ VARIANTS_PATH: value });
  },
);
