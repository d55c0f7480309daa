/** The part of the backend contract that is about shares and the default token. */
import { randomUUID } from 'node:crypto';
import type { Owner } from '../../src/domain/path.js';
import { hashToken, isToken } from '../../src/domain/token.js';
import { MAX_SHARES_PER_IMAGE } from '../../src/domain/sharing.js';
import type { Backend } from '../../src/gcp/backend.js';

export interface SharesSubject {
  backend: Backend;
  /** Deletes a token record by hand. */
  deleteToken: (hash: string) => Promise<void>;
  /** Deletes a share record by hand. */
  deleteShare: (uid: string, shareId: string) => Promise<void>;
  /** Deletes an image record by hand. */
  deleteImage: (owner: Owner) => Promise<void>;
  /** The revocation bound, milliseconds. */
  boundMs: number;
  /** Creates an image whose renditions are those of an upload. */
  makeReady: (owner: Owner, generation: string) => Promise<void>;
  /** Creates an image whose upload has failed. */
  makeFailed: (owner: Owner) => Promise<void>;
}

const DAY_SECONDS = 86_400;

/** @param open is called in each test */
export function testSharesContract(open: () => SharesSubject): void {
  const owner = (): Owner => ({ uid: `u-${randomUUID()}`, imageId: 'cat' });
  const newId = () => randomUUID();
  const ready = async (): Promise<Owner> => {
    const cat = owner();
    await open().makeReady(cat, '10');
    return cat;
  };
  const create = ({ uid, imageId }: Owner, more: object = {}) => {
    const request = { imageId, shareId: newId(), expiresIn: null, ...more };
    return open()
      .backend.shares.create(uid, request)
      .then((created) => ({ ...created, shareId: request.shareId }));
  };
  const shareOf = async (uid: string, shareId: string) => {
    const { items } = await open().backend.shares.list(100, undefined, uid);
    return items.find((item) => item.shareId === shareId)?.share;
  };
  const tokensOf = async (cat: Owner) => (await open().backend.records.find(cat)).tokens;

  describe('shares', () => {
    test('create() writes a share record and a token record with the renditions of the default token', async () => {
      const cat = await ready();
      const { image, tokens: before } = await open().backend.records.find(cat);
      const more = { label: 'Anna', variants: ['w8'], expiresIn: DAY_SECONDS };
      const { token = '', expiresAt = 0, shareId } = await create(cat, more);
      expect(isToken(token)).toBe(true);
      const share = await shareOf(cat.uid, shareId);
      expect(share).toMatchObject({
        imageId: 'cat',
        state: 'active',
        token,
        tokenHash: hashToken(token),
        label: 'Anna',
        variants: ['w8'],
        expiresAt,
        deleteAt: expiresAt + 30 * DAY_SECONDS * 1000,
      });
      const record = (await tokensOf(cat)).get(hashToken(token));
      const { imagePath, image: shown } = before.get(hashToken(image?.token ?? '')) ?? {};
      const fields = { label: 'Anna', variants: ['w8'], expiresAt, imagePath, image: shown };
      expect(record).toMatchObject({ ...cat, kind: 'share', shareId, ...fields });
    });

    test('create() again returns the same share, also after the image has as many as it may', async () => {
      const cat = await ready();
      const shareId = newId();
      const first = await create(cat, { shareId });
      while ((await tokensOf(cat)).size <= MAX_SHARES_PER_IMAGE) await create(cat);
      await expect(create(cat, { shareId, label: 'ignored' })).resolves.toEqual(first);
      await expect(create(cat)).rejects.toMatchObject({ reason: 'too-many-shares' });
    });

    test('create() with showOnce stores no token', async () => {
      const cat = await ready();
      const { token, shareId } = await create(cat, { showOnce: true });
      expect(token).toBeDefined();
      const share = await shareOf(cat.uid, shareId);
      expect(share).not.toHaveProperty('token');
      expect(share).toMatchObject({ tokenHash: hashToken(token ?? '') });
      expect(await create(cat, { shareId, showOnce: true })).not.toHaveProperty('token');
    });

    test('create() finds no image of another user, and no failed image', async () => {
      const cat = await ready();
      const stranger = { ...cat, uid: owner().uid };
      await expect(create(stranger)).rejects.toMatchObject({ reason: 'no-image' });
      const failed = owner();
      await open().makeFailed(failed);
      await expect(create(failed)).rejects.toMatchObject({ reason: 'image-failed' });
    });

    test('create() refuses a share id of another image', async () => {
      const cat = await ready();
      const dog = { uid: cat.uid, imageId: 'dog' };
      await open().makeReady(dog, '11');
      const { shareId } = await create(cat);
      await expect(create(dog, { shareId })).rejects.toMatchObject({ reason: 'other-image' });
    });

    test('create() serves the renditions of the image record when the default token was deleted', async () => {
      const cat = await ready();
      const { image, tokens } = await open().backend.records.find(cat);
      const hash = hashToken(image?.token ?? '');
      await open().deleteToken(hash);
      const { token = '' } = await create(cat);
      const shown = (await tokensOf(cat)).get(hashToken(token))?.image;
      const before = tokens.get(hash)?.image;
      expect(shown).toMatchObject({
        generation: before?.generation,
        renditions: before?.renditions,
        placeholder: before?.placeholder,
      });
    });

    test('update() changes both records; the token stays', async () => {
      const cat = await ready();
      const { token = '', shareId } = await create(cat, { label: 'Anna', variants: ['w8'] });
      const { shares } = open().backend;
      const changes = { label: '', variants: null, expiresIn: DAY_SECONDS };
      const { expiresAt, deadBy } = await shares.update(cat.uid, shareId, changes);
      expect(deadBy).toBeGreaterThanOrEqual(expiresAt ?? Infinity);
      const share = await shareOf(cat.uid, shareId);
      expect(share).toMatchObject({ token, expiresAt });
      const record = (await tokensOf(cat)).get(hashToken(token));
      expect(record).toMatchObject({ kind: 'share', expiresAt });
      for (const stored of [share, record]) {
        expect(stored).not.toHaveProperty('label');
        expect(stored).not.toHaveProperty('variants');
      }
      await shares.update(cat.uid, shareId, { expiresIn: null });
      expect((await tokensOf(cat)).get(hashToken(token))).not.toHaveProperty('expiresAt');
      expect(await shareOf(cat.uid, shareId)).not.toHaveProperty('deleteAt');
    });

    test('update() says when what it takes away is dead', async () => {
      const cat = await ready();
      const { shares } = open().backend;
      const { shareId } = await create(cat);
      const narrowed = await shares.update(cat.uid, shareId, { variants: ['w8'] });
      const { updatedAt = 0 } = (await shareOf(cat.uid, shareId)) ?? {};
      expect(Math.abs((narrowed.deadBy ?? 0) - updatedAt - open().boundMs)).toBeLessThan(5_000);
      await expect(shares.update(cat.uid, shareId, { variants: null })).resolves.toEqual({});
    });

    test('revoke() deletes the token record; again it returns the same times', async () => {
      const cat = await ready();
      const { token = '', shareId } = await create(cat);
      const { shares } = open().backend;
      const { deadBy, revokedAt } = await shares.revoke(cat.uid, shareId);
      expect(deadBy - revokedAt).toBe(open().boundMs);
      const share = await shareOf(cat.uid, shareId);
      expect(share).toMatchObject({ state: 'revoked', revocationSeconds: open().boundMs / 1000 });
      expect(share).not.toHaveProperty('token');
      expect((await tokensOf(cat)).has(hashToken(token))).toBe(false);
      const again = await shares.revoke(cat.uid, shareId);
      expect(again).toEqual({
        imageId: cat.imageId,
        revokedAt: share?.revokedAt,
        deadBy: (share?.revokedAt ?? 0) + open().boundMs,
      });
      await expect(shares.update(cat.uid, shareId, { label: 'x' })).rejects.toMatchObject({
        reason: 'no-share',
      });
      const stranger = owner().uid;
      await expect(shares.revoke(stranger, shareId)).rejects.toMatchObject({ reason: 'no-share' });
    });

    test('rotate() replaces the default token once', async () => {
      const cat = await ready();
      const { shares, records } = open().backend;
      const before = (await records.findImage(cat))?.token ?? '';
      const shown = (await tokensOf(cat)).get(hashToken(before))?.image;
      const { token } = await shares.rotate(cat, before);
      expect(token).not.toBe(before);
      const { image, tokens } = await records.find(cat);
      expect(image).toMatchObject({
        token,
        previousToken: { revocationSeconds: open().boundMs / 1000 },
      });
      expect([...tokens.keys()]).toEqual([hashToken(token)]);
      expect(tokens.get(hashToken(token))).toMatchObject({ kind: 'default', image: shown });
      const again = await shares.rotate(cat, before);
      expect(again).toEqual({
        token,
        deadBy: (image?.previousToken?.revokedAt ?? 0) + open().boundMs,
      });
      await expect(shares.rotate(owner(), before)).rejects.toMatchObject({ reason: 'no-image' });
    });

    test('revokeAll() revokes what was created before a time, and nothing else', async () => {
      const cat = await ready();
      const { shares, records } = open().backend;
      const before = (await records.findImage(cat))?.token;
      const { shareId } = await create(cat);
      await create(cat);
      await expect(shares.revokeAll(cat, 1)).resolves.toMatchObject({ shares: 0 });
      expect((await records.findImage(cat))?.token).toBe(before);
      const { createdAt = 0 } = (await shareOf(cat.uid, shareId)) ?? {};
      const later = createdAt + 3_600_000;
      await expect(shares.revokeAll(cat, later)).resolves.toMatchObject({ shares: 2 });
      const { image, tokens } = await records.find(cat);
      expect(image?.token).not.toBe(before);
      expect([...tokens.keys()]).toEqual([hashToken(image?.token ?? '')]);
      expect(await shareOf(cat.uid, shareId)).toMatchObject({ state: 'revoked' });
    });

    test('repair() revokes a share without its token, and deletes a token without its share', async () => {
      const cat = await ready();
      const { shares } = open().backend;
      const healthy = await create(cat);
      const dead = await create(cat);
      await open().deleteToken(hashToken(dead.token ?? ''));
      const lost = await create(cat);
      await open().deleteShare(cat.uid, lost.shareId);
      const before = await tokensOf(cat);
      expect([...(await shares.ofImage(cat)).keys()].sort()).toEqual(
        [healthy.shareId, dead.shareId].sort(),
      );
      await shares.repair(cat);
      expect([...(await shares.ofImage(cat)).keys()]).toEqual([healthy.shareId]);
      expect(await shareOf(cat.uid, dead.shareId)).toMatchObject({ state: 'revoked' });
      const after = await tokensOf(cat);
      before.delete(hashToken(lost.token ?? ''));
      expect(after).toEqual(before);
    });

    test('remove() deletes the shares of the image, revoked ones too, also without an image record', async () => {
      const cat = await ready();
      const dog = { uid: cat.uid, imageId: 'dog' };
      await open().makeReady(dog, '11');
      const { shares, records } = open().backend;
      const { shareId } = await create(cat);
      await create(cat);
      await create(dog);
      await shares.revoke(cat.uid, shareId);
      await expect(records.remove(cat, { newest: '10' })).resolves.toBe(true);
      const { items } = await shares.list(100, undefined, cat.uid);
      expect(items.map(({ share }) => share.imageId)).toEqual(['dog']);
      await open().deleteImage(dog);
      await expect(records.remove(dog, { newest: '0' })).resolves.toBe(true);
      expect((await shares.list(100, undefined, cat.uid)).items).toEqual([]);
    });
  });
}
