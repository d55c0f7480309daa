import { assertImageId, fillPath, newImageId } from './paths.js';

describe('newImageId', () => {
  it('returns 20 random characters of 0-9 and a-v', () => {
    const ids = Array.from({ length: 200 }, newImageId);
    expect(new Set(ids).size).toBe(200);
    for (const id of ids) expect(id).toMatch(/^[0-9a-v]{20}$/);
  });
});

describe('assertImageId', () => {
  it.each(['a', 'IMG 0001.jpeg', 'été ☀️', '..a', '__a', 'a__', '.hidden', '😀', 'a'.repeat(200)])(
    'accepts %j',
    (id) => {
      expect(() => assertImageId(id)).not.toThrow();
    },
  );

  it.each([
    '',
    '.',
    '..',
    'a/b',
    '__x__',
    '____',
    '__a\nb__',
    'half a pair \ud800',
    'NUL \0',
    'a C1 control character \u009b',
    'a'.repeat(201),
    '😀'.repeat(101),
  ])('rejects %j', (id) => {
    expect(() => assertImageId(id)).toThrow('Expected an image id of 1 to 200 characters');
  });
});

describe('fillPath', () => {
  it('inserts values without interpreting them', () => {
    expect(fillPath('a/{uid}/b/{imageId}', '$&', '{uid}')).toBe('a/$&/b/{uid}');
    expect(fillPath('users/{uid}/images', 'u1')).toBe('users/u1/images');
  });
});
