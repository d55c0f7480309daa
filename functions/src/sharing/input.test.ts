import type { Variant } from '../domain/variant.js';
import { parseVariant } from '../domain/variant-grammar.js';
import { mintToken } from '../domain/token.js';
import type { SharingFailure } from '../errors.js';
import { parseSharingInput } from './input.js';

const CONFIG = {
  variants: ['w400:400', 'w800:800'].map((text) => parseVariant(text) as Variant),
  shareMaxDays: 0,
};
const SHARE = { action: 'createShare', imageId: 'cat', shareId: 'a'.repeat(16), expiresIn: null };
const UPDATE = { action: 'updateShare', shareId: 'a'.repeat(16) };

function failureOf(data: unknown, config = CONFIG): SharingFailure {
  try {
    parseSharingInput(data, config);
  } catch (error) {
    return error as SharingFailure;
  }
  throw new Error('expected a failure, found none');
}

test.each([
  SHARE,
  { ...SHARE, expiresIn: 60, label: '写真 👩‍👩‍👧', variants: ['w800'], showOnce: true },
  { ...SHARE, label: '😀'.repeat(80) },
  { ...UPDATE, expiresIn: 315_360_000 },
  { ...UPDATE, variants: null, label: '' },
  { action: 'revokeShare', shareId: 'Z_-9'.repeat(16) },
  { action: 'rotateToken', imageId: 'cat', token: mintToken() },
  { action: 'revokeAll', imageId: 'cat' },
  { action: 'revokeAll', all: true },
])('accepts %j', (data) => {
  expect(parseSharingInput(data, CONFIG)).toEqual(data);
});

test.each<[what: string, data: unknown, path: string]>([
  ['nothing', undefined, ''],
  ['a list', [], ''],
  ['no action', {}, 'action'],
  ['an unknown action', { ...SHARE, action: 'deleteShare' }, 'action'],
  ['no expiry', { ...SHARE, expiresIn: undefined }, 'expiresIn'],
  ['an expiry of 59 seconds', { ...SHARE, expiresIn: 59 }, 'expiresIn'],
  ['an expiry of more than ten years', { ...SHARE, expiresIn: 315_360_001 }, 'expiresIn'],
  ['a fraction of a second', { ...SHARE, expiresIn: 60.5 }, 'expiresIn'],
  ['an expiry as text', { ...SHARE, expiresIn: '60' }, 'expiresIn'],
  ['a share id of 15 characters', { ...SHARE, shareId: 'a'.repeat(15) }, 'shareId'],
  ['a share id of 65 characters', { ...SHARE, shareId: 'a'.repeat(65) }, 'shareId'],
  ['a share id with a slash', { ...SHARE, shareId: `${'a'.repeat(16)}/x` }, 'shareId'],
  ['an image id with a slash', { ...SHARE, imageId: 'cat/x' }, 'imageId'],
  ['an image id of 201 characters', { ...SHARE, imageId: 'a'.repeat(201) }, 'imageId'],
  ['a label of 81 characters', { ...SHARE, label: 'a'.repeat(81) }, 'label'],
  ['a label with a line break', { ...SHARE, label: 'a\nb' }, 'label'],
  ['a label with a lone surrogate', { ...SHARE, label: '\ud800' }, 'label'],
  ['no variants', { ...SHARE, variants: [] }, 'variants'],
  ['21 variants', { ...SHARE, variants: Array(21).fill('w800') }, 'variants'],
  ['an unknown field', { ...SHARE, uid: 'bob' }, ''],
  ['an update of nothing', UPDATE, ''],
  ['a malformed token', { action: 'rotateToken', imageId: 'cat', token: 'spv_x' }, 'token'],
  ['neither an image nor all', { action: 'revokeAll' }, ''],
  ['an image and all', { action: 'revokeAll', imageId: 'cat', all: true }, ''],
  ['all: false', { action: 'revokeAll', all: false }, 'all'],
])('refuses %s and names the field', (_what, data, path) => {
  const { reason, details } = failureOf(data);
  expect(reason).toBe('invalid-input');
  expect(details.issues?.map((issue) => issue.path)).toContain(path);
});

test('refuses a variant that is not configured', () => {
  expect(failureOf({ ...SHARE, variants: ['w800', 'w1600'] }).reason).toBe('unknown-variant');
  expect(failureOf({ ...UPDATE, variants: ['constructor'] }).reason).toBe('unknown-variant');
});

test.each([null, 86_401])('with SHARE_MAX_DAYS=1 refuses the expiry %s', (expiresIn) => {
  const config = { ...CONFIG, shareMaxDays: 1 };
  expect(failureOf({ ...SHARE, expiresIn }, config)).toMatchObject({
    reason: 'expiry-too-long',
    details: { limit: 86_400 },
  });
  expect(failureOf({ ...UPDATE, expiresIn }, config).reason).toBe('expiry-too-long');
  expect(parseSharingInput({ ...SHARE, expiresIn: 86_400 }, config)).toBeDefined();
  expect(parseSharingInput({ ...UPDATE, label: 'x' }, config)).toBeDefined();
});

test('an answer about very long input is short', () => {
  const fields = Object.fromEntries(
    Array.from({ length: 2000 }, (_, i) => [`field${i}`.repeat(20), 1]),
  );
  const { details } = failureOf({ ...SHARE, ...fields });
  expect(JSON.stringify(details).length).toBeLessThan(10_000);
});
