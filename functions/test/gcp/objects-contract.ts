/** The part of the contract of every backend that is about objects: see backend-contract.ts. */
import { randomUUID } from 'node:crypto';
import type { Objects } from '../../src/gcp/backend.js';

interface Subject {
  backend: { objects: Objects };
  /** Uploads an original. @returns its generation */
  put: (name: string, data: Buffer, hasDownloadToken: boolean) => Promise<string>;
}

/**
 * @param prefix of the originals' names; ends with a slash
 * @param open is called in each test
 */
export function testObjectsContract(prefix: string, open: () => Subject) {
  describe('objects', () => {
    const randomName = () => `${prefix}${randomUUID()}/cat`;

    test('finds and reads an original, revokes its download token and deletes it, by generation', async () => {
      const { backend, put } = open();
      const { objects } = backend;
      const name = randomName();
      await expect(objects.findOriginal(name)).resolves.toBeUndefined();
      const generation = await put(name, Buffer.from('cat'), true);
      const stored = { name, generation, bytes: 3, hasDownloadToken: true };
      await expect(objects.findOriginal(name)).resolves.toMatchObject(stored);
      expect((await objects.readOriginal(name, generation))?.toString()).toBe('cat');
      await expect(objects.readOriginal(name, '1')).resolves.toBeUndefined();
      await expect(objects.revokeDownloadTokens(name, '1')).resolves.toBe(false);
      await expect(objects.revokeDownloadTokens(name, generation)).resolves.toBe(true);
      await expect(objects.findOriginal(name)).resolves.toMatchObject({
        ...stored,
        hasDownloadToken: false,
      });
      await objects.deleteOriginal(name, generation);
      await objects.deleteOriginal(name, generation);
      await expect(objects.findOriginal(name)).resolves.toBeUndefined();
      await expect(objects.readOriginal(name, generation)).resolves.toBeUndefined();
      await expect(objects.revokeDownloadTokens(name, generation)).resolves.toBe(false);
    });

    test('sets and removes the focal point of an original, by generation', async () => {
      const { backend, put } = open();
      const { objects } = backend;
      const name = randomName();
      const generation = await put(name, Buffer.from('cat'), false);
      const focus = { x: 0.25, y: 1 };
      await expect(objects.setFocus(name, '1', focus)).resolves.toBe(false);
      await expect(objects.setFocus(name, generation, focus)).resolves.toBe(true);
      await expect(objects.findOriginal(name)).resolves.toMatchObject({ generation, focus });
      await objects.setFocus(name, generation, undefined);
      await expect(objects.findOriginal(name)).resolves.not.toHaveProperty('focus');
      await expect(objects.setFocus(`${name}x`, generation, focus)).resolves.toBe(false);
    });

    test('lists originals in pages, in the order of their names', async () => {
      const { backend, put } = open();
      const folder = `${randomName()}/`;
      const names = ['a', 'b', 'c', 'd', 'e'].map((id) => `${folder}${id}`);
      for (const name of [...names].reverse()) await put(name, Buffer.from('cat'), false);
      const listed: string[] = [];
      let after: string | undefined;
      do {
        const page = await backend.objects.listOriginals(folder, 2, after);
        expect(page.items.length).toBeLessThanOrEqual(2);
        listed.push(...page.items.map(({ name }) => name));
        after = page.next;
      } while (after !== undefined);
      expect(listed).toEqual(names);
    });

    test('writes, lists and deletes renditions, and lists their folders', async () => {
      const objects = open().backend.objects;
      const root = `${randomName()}/`;
      const name = `${root}hash/10/w8.webp`;
      const info = await objects.writeRendition(name, 'webp', Buffer.from('cat'));
      expect(info).toMatchObject({ object: name, bytes: 3 });
      await objects.writeRendition(`${root}other/10/w8.webp`, 'webp', Buffer.from('dog'));
      await expect(objects.readRendition(name)).resolves.toEqual(Buffer.from('cat'));
      await expect(objects.readRendition(`${name}-missing`)).resolves.toBeUndefined();
      const [listed, ...rest] = await objects.listRenditions(`${root}hash/`);
      expect([listed?.name, rest]).toEqual([name, []]);
      const folders = new Set<string>();
      let after: string | undefined;
      do {
        // The emulator ignores the limit for folders, so a page may have more.
        const page = await objects.listFolders(root, 1, after);
        page.items.forEach((folder) => folders.add(folder));
        after = page.next;
      } while (after !== undefined);
      expect(folders).toEqual(new Set([`${root}hash/`, `${root}other/`]));
      if (listed) await objects.deleteRendition(listed);
      if (listed) await objects.deleteRendition(listed);
      await expect(objects.listRenditions(`${root}hash/`)).resolves.toEqual([]);
    });
  });
}
