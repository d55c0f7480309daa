import type { Backend, CollectionQuery, Next, Unsubscribe } from './backend.js';
import { toShare, type Share } from './documents.js';
import type { Errors, ImagesError } from './errors.js';
import { newImageId } from './paths.js';
import type { ShareCalls } from './share-calls.js';

/** Shares that `watch` lists. */
const MAX_SHARES = 100;

export interface Shares extends Pick<ShareCalls, 'create' | 'update' | 'revoke'> {
  /** Calls `next` at each change with the user's shares, newest first, or with those of one image. */
  watch(
    next: (shares: Share[]) => void,
    options?: { imageId?: string; error?: (error: ImagesError) => void },
  ): Unsubscribe;
}

export interface Sharing extends Pick<ShareCalls, 'rotateToken' | 'revokeAll' | 'setFocus'> {
  shares: Shares;
}

/** Watches a collection of the user; `convert` makes an item of a document's id and data. */
export type WatchList = <Item>(
  path: string,
  query: CollectionQuery,
  convert: (id: string, data: unknown) => Item,
  next: Next<Item[]>,
  error?: (error: ImagesError) => void,
) => Unsubscribe;

/** @param collection path of the share records */
export function openSharing(
  backend: Backend,
  errors: Errors,
  watchList: WatchList,
  collection: string,
): Sharing {
  /** Loads the code of the calls with the first of them. */
  const call = <Name extends keyof ShareCalls>(name: Name): ShareCalls[Name] =>
    (async (...args: unknown[]) => {
      const { openShareCalls } = await import('./share-calls.js').catch((cause: unknown) => {
        throw errors.of('unavailable', {}, { cause });
      });
      const action = openShareCalls(backend, errors, newImageId)[name];
      return (action as (...args: unknown[]) => unknown)(...args);
    }) as never;

  return {
    shares: {
      create: call('create'),
      update: call('update'),
      revoke: call('revoke'),
      watch: (next, { imageId, error } = {}) =>
        watchList(
          collection,
          // An order beside a filter would need a composite index.
          { limit: MAX_SHARES, ...(imageId !== undefined && { where: ['imageId', imageId] }) },
          toShare,
          (shares) => {
            next(shares.sort((a, b) => Number(b.createdAt) - Number(a.createdAt)));
            return false;
          },
          error,
        ),
    },
    rotateToken: call('rotateToken'),
    revokeAll: call('revokeAll'),
    setFocus: call('setFocus'),
  };
}
