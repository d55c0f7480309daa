import { assertSegment, fillPath, newImageId } from './paths.js';

describe('newImageId', () => {
  it('returns 20 random characters of a-z and 0-9', () => {
    const ids = Array.from({ length: 200 }, newImageId);
    expect(new Set(ids).size).toBe(200);
    for (const id of ids) expect(id).toMatch(/^[a-z0-9]{20}$/);
  });
});

describe('assertSegment', () => {
  it.each(['a', 'IMG 0001.jpeg', 'été ☀️', '..a', '__a', 'a__', '.hidden', 'a'.repeat(200)])(
    'accepts %j',
    (id) => {
      expect(() => assertSegment('image id', id)).not.toThrow();
    },
  );

  it.each([
    ['', 'is empty'],
    ['.', 'must not be "." or ".."'],
    ['..', 'must not be "." or ".."'],
    ['a/b', 'must not contain "/"'],
    ['__x__', 'must not begin and end with "__"'],
    ['____', 'must not begin and end with "__"'],
    ['half a pair \ud800', 'must be well-formed Unicode'],
    ['NUL \0', 'must not contain control characters'],
    ['a C1 control character \u009b', 'must not contain control characters'],
    ['a'.repeat(201), 'at most 200 characters, but has 201'],
  ])('rejects %j', (id, reason) => {
    expect(() => assertSegment('image id', id)).toThrow(reason);
    expect(() => assertSegment('image id', id)).toThrow('The image id ');
  });
});

describe('fillPath', () => {
  it('inserts values without interpreting them', () => {
    expect(fillPath('a/{uid}/b/{imageId}', { uid: '$&', imageId: '{uid}' })).toBe('a/$&/b/{uid}');
    expect(fillPath('users/{uid}/images', { uid: 'u1' })).toBe('users/u1/images');
  });
});
