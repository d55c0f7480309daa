/** Shares in memory: the transitions of sharing.ts on the maps of the backend in memory. */
import { fillTemplate, type Owner, type PathTemplate } from '../../src/domain/path.js';
import type { ImageRecord, ShareRecord, TokenRecord } from '../../src/domain/records.js';
import {
  createShare,
  deadBy,
  repairShares,
  revokeShare,
  rotateToken,
  updateShare,
  type Moment,
  type SharedImage,
  type SharingWrites,
} from '../../src/domain/sharing.js';
import { hashToken, mintToken } from '../../src/domain/token.js';
import { recognizedRecord } from '../../src/domain/transitions.js';
import { SharingFailure } from '../../src/errors.js';
import type { ListedShare, Shares } from '../../src/gcp/shares.js';
import type { Counted } from './counted.js';
import { pageOf } from './pages.js';

export interface SharesInMemory {
  /** By document path. */
  images: Map<string, ImageRecord<number>>;
  /** By token hash. */
  tokens: Map<string, TokenRecord<number>>;
  /** By `uid/shareId`. */
  shareRecords: Map<string, ShareRecord<number>>;
}

export interface SharesOptions {
  /** Milliseconds since 1970. */
  now: () => number;
  imagesCollection: PathTemplate;
  revocationSeconds: () => number;
  /** Counts the calls of a method, which runs synchronously. */
  counted: Counted;
}

export function inMemoryShares(
  { images, tokens, shareRecords }: SharesInMemory,
  { now, imagesCollection, revocationSeconds, counted }: SharesOptions,
): Shares {
  const context = () => ({
    clock: now(),
    revocationSeconds: revocationSeconds(),
    variantsBucket: 'bucket',
  });
  const newToken = () => {
    const text = mintToken();
    return { text, hash: hashToken(text) };
  };

  function readImage(owner: Owner): SharedImage {
    const { uid, imageId } = owner;
    const path = `${fillTemplate(imagesCollection, { uid })}/${imageId}`;
    const image = recognizedRecord(images.get(path));
    const own = new Map([...tokens].filter(([, token]) => token.imagePath === path));
    const shown = image && tokens.get(hashToken(image.token))?.image;
    return { owner, path, image, tokens: own, shown };
  }

  function activeShares({ uid, imageId }: Owner): Map<string, ShareRecord<number>> {
    const own = [...shareRecords].filter(
      ([key, share]) =>
        key.startsWith(`${uid}/`) && share.imageId === imageId && share.state === 'active',
    );
    return new Map(own.map(([key, share]) => [key.slice(uid.length + 1), share]));
  }

  function apply(uid: string, path: string, writes: SharingWrites): void {
    const { share, token, changedToken, deletedTokens = [], image } = writes;
    if (share) shareRecords.set(`${uid}/${share.id}`, withTimes(share.record));
    if (token) tokens.set(token.hash, withTimes(token.record));
    if (changedToken) {
      const changed = { ...tokens.get(changedToken.hash), ...changedToken.fields };
      const fields = Object.entries(changed).filter(([, value]) => value !== undefined);
      tokens.set(changedToken.hash, Object.fromEntries(fields) as unknown as TokenRecord<number>);
    }
    for (const hash of deletedTokens) tokens.delete(hash);
    const stored = images.get(path);
    if (image && stored) {
      const previousToken = { ...image.previousToken, revokedAt: now() };
      images.set(path, { ...stored, token: image.token, previousToken, updatedAt: now() });
    }
  }

  function withTimes<R extends object>(record: R): WithTimes<R> {
    const fields = Object.entries(record).map(([name, value]: [string, unknown]) => [
      name,
      value === 'now' ? now() : value,
    ]);
    return Object.fromEntries(fields) as WithTimes<R>;
  }

  return {
    create: counted('shares.create', (uid, request) => {
      const stored = shareRecords.get(`${uid}/${request.shareId}`);
      const token = newToken();
      const read = readImage({ uid, imageId: request.imageId });
      const { share, writes } = createShare(request, stored, read, token, context());
      apply(uid, read.path, writes);
      const { expiresAt, token: shown } = withTimes(share);
      const text = writes.share ? token.text : shown;
      return {
        ...(text !== undefined && { token: text }),
        ...(expiresAt !== undefined && { expiresAt }),
      };
    }),
    update: counted('shares.update', (uid, shareId, changes) => {
      const stored = shareRecords.get(`${uid}/${shareId}`);
      const read = readImage({ uid, imageId: stored?.imageId ?? '' });
      const updated = updateShare(shareId, changes, stored, read.tokens, context());
      apply(uid, read.path, updated.writes);
      const { expiresAt } = withTimes(updated.share);
      return {
        ...(expiresAt !== undefined && { expiresAt }),
        ...(updated.deadBy !== undefined && { deadBy: updated.deadBy }),
      };
    }),
    revoke: counted('shares.revoke', (uid, shareId) => {
      const { share, writes } = revokeShare(
        shareId,
        shareRecords.get(`${uid}/${shareId}`),
        context(),
      );
      apply(uid, '', writes);
      const revoked = withTimes(share);
      const { imageId, revokedAt = now() } = revoked;
      return { imageId, revokedAt, deadBy: deadBy(revoked) };
    }),
    rotate: counted('shares.rotate', (owner, seen) => {
      const read = readImage(owner);
      const token = newToken();
      const writes = rotateToken(seen, hashToken(seen), read, token, context());
      apply(owner.uid, read.path, writes);
      const image = readImage(owner).image;
      return { token: image?.token ?? '', deadBy: deadBy(image?.previousToken ?? {}) };
    }),
    revokeAll: counted('shares.revokeAll', (owner, before) => {
      const read = readImage(owner);
      if (read.image === undefined) throw new SharingFailure('no-image');
      const old = [...activeShares(owner)].filter(([, { createdAt }]) => createdAt < before);
      for (const [id, share] of old) {
        apply(owner.uid, read.path, revokeShare(id, share, context()).writes);
      }
      const { token: seen } = read.image;
      const createdAt = tokens.get(hashToken(seen))?.createdAt ?? 0;
      if (seen !== '' && createdAt < before) {
        apply(
          owner.uid,
          read.path,
          rotateToken(seen, hashToken(seen), read, newToken(), context()),
        );
      }
      const end = { revokedAt: now(), revocationSeconds: revocationSeconds() };
      return { shares: old.length, deadBy: deadBy(end) };
    }),
    ofImage: counted('shares.ofImage', activeShares),
    repair: counted('shares.repair', (owner) => {
      const { path, tokens: own } = readImage(owner);
      const writes = repairShares(activeShares(owner), own, context());
      for (const one of writes) apply(owner.uid, path, one);
    }),
    list: counted('shares.list', (limit, after, uid) => {
      const keys = [...shareRecords.keys()].filter(
        (key) => uid === undefined || key.startsWith(`${uid}/`),
      );
      const { items, ...next } = pageOf(keys, limit, after);
      const listed = items.map((key): ListedShare => {
        const slash = key.indexOf('/');
        const share = shareRecords.get(key) as ShareRecord<number>;
        return { uid: key.slice(0, slash), shareId: key.slice(slash + 1), share };
      });
      return { items: listed, ...next };
    }),
  };
}

type WithTimes<R> =
  R extends ShareRecord<Moment>
    ? ShareRecord<number>
    : R extends TokenRecord<Moment>
      ? TokenRecord<number>
      : never;
