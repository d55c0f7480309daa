import {
  fillTemplate,
  hashedFolder,
  isDocumentId,
  isOriginalName,
  originalsPrefix,
  ownerOf,
  parseTemplate,
  renditionName,
  type PathTemplate,
} from './path.js';

const template = (text: string) => parseTemplate(text, ['uid', 'imageId']) as PathTemplate;

describe('parseTemplate', () => {
  test.each(['originals/{uid}/{imageId}', '{uid}/{imageId}', 'a/{imageId}/b/{uid}/c'])(
    '%s',
    (text) => {
      expect(parseTemplate(text, ['uid', 'imageId'])).toEqual({ text, segments: text.split('/') });
    },
  );

  test.each([
    ['originals/{uid}', 'a path with {imageId} in it once'],
    ['{uid}/{uid}/{imageId}', 'a path with {uid} in it once'],
    ['/originals/{uid}/{imageId}', 'a path without empty, "." or ".." segments'],
    ['originals/../{uid}/{imageId}', 'a path without empty, "." or ".." segments'],
    ['x{uid}/{imageId}', 'placeholders {uid} and {imageId}, each as a whole segment'],
    ['{user}/{uid}/{imageId}', 'placeholders {uid} and {imageId}, each as a whole segment'],
  ])('%s', (text, expected) => {
    expect(parseTemplate(text, ['uid', 'imageId'])).toBe(expected);
  });
});

const originals = template('originals/{uid}/{imageId}');

describe('ownerOf', () => {
  test.each([
    ['originals/u/i', { uid: 'u', imageId: 'i' }],
    ['originals/u/my photo (1).jpg', { uid: 'u', imageId: 'my photo (1).jpg' }],
    ['originals/u/Ünïcødé 写真.jpg', { uid: 'u', imageId: 'Ünïcødé 写真.jpg' }],
    ['originals/u/..jpg', { uid: 'u', imageId: '..jpg' }],
    [`originals/u/${'x'.repeat(900)}`, { uid: 'u', imageId: 'x'.repeat(900) }],
  ])('%s', (name, owner) => {
    expect(ownerOf(originals, name)).toEqual(owner);
  });

  test.each([
    'originals/u',
    'originals/u/i/j',
    'originals//i',
    'originals/u/',
    '/originals/u/i',
    'Originals/u/i',
    'originals/u/..',
    'originals/../i',
    'originals/u/.',
    'originals/u/__x__',
    'originals/u/__x\ny__',
    'originals/__x__/i',
    'originals/./i',
    'originals/u/a\0b',
    'originals/a\0b/i',
    'originals/u/\uD800',
    `originals/u/${'x'.repeat(1501)}`,
    'variants/abc/1/w800.webp',
  ])('returns undefined for %j', (name) => {
    expect(ownerOf(originals, name)).toBeUndefined();
  });

  test('accepts placeholders in any order', () => {
    expect(ownerOf(template('a/{imageId}/b/{uid}'), 'a/1/b/2')).toEqual({ imageId: '1', uid: '2' });
  });
});

describe('isOriginalName', () => {
  test.each([
    'originals/u/i',
    'originals/__x__/i',
    'originals/../i',
    'originals/./.',
    'originals//',
    'originals/u/a\0b',
    'originals/u/\uD800',
    `originals/u/${'x'.repeat(1501)}`,
  ])('returns true for %j, whatever its ids', (name) => {
    expect(isOriginalName(originals, name)).toBe(true);
  });

  test.each(['originals/u', 'originals/u/i/j', '/originals/u/i', 'Originals/u/i', 'variants/a/b'])(
    'returns false for %j',
    (name) => {
      expect(isOriginalName(originals, name)).toBe(false);
    },
  );
});

test('fillTemplate', () => {
  expect(fillTemplate(template('o/{uid}/x/{imageId}'), { uid: 'u', imageId: 'i' })).toBe('o/u/x/i');
});

test('isDocumentId limits bytes, not characters', () => {
  expect(isDocumentId('ü'.repeat(750))).toBe(true);
  expect(isDocumentId('ü'.repeat(751))).toBe(false);
});

test.each([
  ['originals/{uid}/{imageId}', 'originals/', 'originals/alice/'],
  ['{uid}/photos/{imageId}', '', 'alice/photos/'],
  ['photos/{imageId}/of/{uid}', 'photos/', 'photos/'],
])(
  '%s: the prefix of all originals is "%s", of alice\'s originals "%s"',
  (text, all, userPrefix) => {
    const template = parseTemplate(text, ['uid', 'imageId']) as PathTemplate;
    expect(originalsPrefix(template)).toBe(all);
    expect(originalsPrefix(template, 'alice')).toBe(userPrefix);
  },
);

describe('renditionName', () => {
  const original = { bucket: 'b', name: 'originals/alice/holiday.jpg', generation: '170001' };

  const bytes = Buffer.from('bytes');

  test('has the form variants/{hashed}/{generation}/{variant}-{hash}.{ext}', () => {
    expect(renditionName('variants', original, 'w800', 'jpeg', bytes)).toMatch(
      /^variants\/[A-Za-z0-9_-]{43}\/170001\/w800-[A-Za-z0-9_-]{8}\.jpg$/,
    );
  });

  test('depends on the bytes', () => {
    const name = (data: string) =>
      renditionName('variants', original, 'w800', 'jpeg', Buffer.from(data));
    expect(name('bytes')).toBe(name('bytes'));
    expect(name('bytes')).not.toBe(name('byteS'));
  });

  test('reveals neither owner nor file name', () => {
    expect(renditionName('variants', original, 'w800', 'webp', bytes)).not.toMatch(/alice|holiday/);
  });

  test('differs by image and by bucket', () => {
    const folders = [
      hashedFolder('b', 'originals/a/1'),
      hashedFolder('b', 'originals/a/2'),
      hashedFolder('c', 'originals/a/1'),
    ];
    expect(new Set(folders).size).toBe(3);
  });
});
