/** The part of the contract of a backend that is about renditions made on demand: see backend-contract.ts. */
import { randomUUID } from 'node:crypto';
import type { Owner } from '../../src/domain/path.js';
import type { Backend } from '../../src/gcp/backend.js';

/** @param makeReady processes generation 10 or 11 of an image, with one variant w8, in WebP */
export function testWidthsContract(
  open: () => { backend: Backend },
  makeReady: (owner: Owner, generation: string) => Promise<unknown>,
): void {
  const set = async () => {
    const cat = { uid: `u-${randomUUID()}`, imageId: 'cat' };
    await makeReady(cat, '10');
    const { backend } = open();
    const [hash = ''] = (await backend.records.find(cat)).tokens.keys();
    return { backend, cat, hash };
  };
  const file = { object: 'o/10/on-demand-4.webp', bytes: 2, etag: '"4"' };
  const made = { width: 4, height: 3, format: 'webp' as const, rendition: file };
  const source = 'o/10/w8.webp';

  describe('widths', () => {
    test('a rendition is added to the record of the image and of the token', async () => {
      const { backend, cat, hash } = await set();
      const before = await backend.widths.find(hash);
      expect(before).toMatchObject({ token: cat, image: { state: 'ready' } });
      await expect(backend.widths.add(cat, hash, { ...made, source })).resolves.toBe(true);
      const { token, image } = (await backend.widths.find(hash)) ?? {};
      expect(image).toEqual({
        ...before?.image,
        widths: { 4: { width: 4, height: 3, formats: { webp: file } } },
      });
      expect(token).toEqual({
        ...before?.token,
        image: { ...before?.token.image, widths: { 4: { width: 4, height: 3, webp: file } } },
      });
      const jpeg = { ...file, object: 'o/10/on-demand-4.jpg' };
      const other = { ...made, format: 'jpeg' as const, rendition: jpeg, source };
      await expect(backend.widths.add(cat, hash, other)).resolves.toBe(true);
      const { tokens } = await backend.records.find(cat);
      expect(tokens.get(hash)?.image?.widths).toEqual({
        4: { width: 4, height: 3, webp: file, jpeg },
      });
    });

    test('nothing is added to an image that was processed again, or through a revoked token', async () => {
      const { backend, cat, hash } = await set();
      await makeReady(cat, '11');
      await expect(backend.widths.add(cat, hash, { ...made, source })).resolves.toBe(false);
      await backend.records.deleteToken(hash);
      await expect(backend.widths.find(hash)).resolves.toBeUndefined();
      const current = { ...made, source: 'o/11/w8.webp' };
      await expect(backend.widths.add(cat, hash, current)).resolves.toBe(false);
      expect((await backend.records.find(cat)).image).not.toHaveProperty('widths');
    });

    test('processing an image again removes what was added', async () => {
      const { backend, cat, hash } = await set();
      await backend.widths.add(cat, hash, { ...made, source });
      await makeReady(cat, '11');
      const { image, tokens } = await backend.records.find(cat);
      expect(image).not.toHaveProperty('widths');
      expect(tokens.get(hash)?.image).not.toHaveProperty('widths');
    });
  });
}
