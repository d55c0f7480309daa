/**
 * A backend in memory, for tests of its callers. backend-contract.ts runs against it and against Firestore and
 * Storage, so that both behave the same.
 */
import { Readable } from 'node:stream';
import { attemptId, runningRange } from '../../src/domain/attempt-id.js';
import type { ImageEvent } from '../../src/domain/events.js';
import { entityTag, entityTagOf } from '../../src/domain/entity-tag.js';
import {
  fillTemplate,
  parseTemplate,
  type Owner,
  type PathTemplate,
} from '../../src/domain/path.js';
import type { ImageRecord, ShareRecord, TokenRecord } from '../../src/domain/records.js';
import {
  cleanupTaskId,
  type BackfillTask,
  type CleanupTask,
  type ProcessTask,
  type PurgeTask,
  type RevokeTask,
  type WidthTask,
} from '../../src/domain/tasks.js';
import { hashToken, mintToken } from '../../src/domain/token.js';
import type { Backend, Progress } from '../../src/gcp/backend.js';
import type { HeldImages } from '../../src/gcp/held-images.js';
import type { Reader } from '../../src/gcp/reader.js';
import {
  beginAttempt,
  failAttempt,
  finishAttempt,
  isRemoved,
  recognizedRecord,
  refusalOf,
  refuseUpload,
  releaseAttempt,
} from '../../src/domain/transitions.js';
import type { Point as FocalPoint } from '../../src/domain/variant.js';
import { inMemoryHeld } from './in-memory-held.js';
import { inMemoryJobs } from './in-memory-jobs.js';
import { inMemoryShares } from './in-memory-shares.js';
import { inMemoryWidths } from './in-memory-widths.js';
import { pageOf } from './pages.js';

export interface InMemoryOriginal {
  generation: string;
  data: Buffer;
  hasDownloadToken: boolean;
  focus?: FocalPoint;
  /** Upload time, milliseconds since 1970. */
  time?: number;
}

/** `deliveries`: how often the queue has delivered the task without success. */
export type QueuedTask = { at: number; id?: string; deliveries?: number } & (
  | { queue: 'processImage'; task: ProcessTask }
  | { queue: 'cleanup'; task: CleanupTask }
  | { queue: 'backfill'; task: BackfillTask }
  | { queue: 'purge'; task: PurgeTask | RevokeTask }
  | { queue: 'resize'; task: WidthTask }
  /** A server's call of `release`, which it makes again when it has got no answer. */
  | { queue: 'release'; task: { owner: Owner; generation: string } }
);

/** The backend of the functions, and what servers use. */
export interface TestBackend extends Backend {
  held: HeldImages;
}

export interface InMemoryBackend extends TestBackend {
  reader: Reader;
  originals: Map<string, InMemoryOriginal>;
  renditions: Map<string, Buffer>;
  /** Names of renditions that have a download token. */
  renditionsWithDownloadToken: Set<string>;
  /** By document path. */
  images: Map<string, ImageRecord<number>>;
  /** By token hash. */
  tokens: Map<string, TokenRecord<number>>;
  /** By `uid/shareId`. */
  shareRecords: Map<string, ShareRecord<number>>;
  tasks: QueuedTask[];
  progress: { current?: Progress<number> };
  published: ImageEvent[];
  /** The number of calls of each method. */
  calls: Record<string, number>;
}

export interface InMemoryOptions {
  /** Milliseconds since 1970. */
  now?: () => number;
  imagesCollection?: PathTemplate;
  /** The revocation bound, seconds. */
  revocationSeconds?: () => number;
}

export function inMemoryBackend({
  now = () => 0,
  imagesCollection = parseTemplate('users/{uid}/images', ['uid']) as PathTemplate,
  revocationSeconds = () => 60,
}: InMemoryOptions = {}): InMemoryBackend {
  const originals: InMemoryBackend['originals'] = new Map();
  const renditions: InMemoryBackend['renditions'] = new Map();
  const renditionsWithDownloadToken: InMemoryBackend['renditionsWithDownloadToken'] = new Set();
  const images: InMemoryBackend['images'] = new Map();
  const tokens: InMemoryBackend['tokens'] = new Map();
  const shareRecords: InMemoryBackend['shareRecords'] = new Map();
  const tasks: QueuedTask[] = [];
  const usedIds = new Set<string>();
  const progress: InMemoryBackend['progress'] = {};
  const published: ImageEvent[] = [];
  const calls: Record<string, number> = {};
  /** Generations of renditions. */
  const generations = new Map<string, number>();
  /** When renditions were written, milliseconds since 1970. */
  const writeTimes = new Map<string, number>();
  let lastGeneration = 0;
  let attempts = 0;
  const pathOf = ({ uid, imageId }: Owner) =>
    `${fillTemplate(imagesCollection, { uid })}/${imageId}`;
  const tokensOf = (path: string) => [...tokens].filter(([, { imagePath }]) => imagePath === path);
  /** Counts the calls of a method. The method runs synchronously; its promise resolves a microtask later. */
  const counted =
    <A extends unknown[], R>(name: string, call: (...args: A) => R) =>
    (...args: A): Promise<R> => {
      calls[name] = (calls[name] ?? 0) + 1;
      return new Promise((resolve) => resolve(call(...args)));
    };
  /** Ignores a task whose id exists. */
  const enqueue = (id: string, task: QueuedTask) => {
    if (usedIds.has(id)) return;
    usedIds.add(id);
    tasks.push(task);
  };
  const setImage = (path: string, record: ImageRecord<number> | undefined) => {
    if (record) images.set(path, record);
    return record !== undefined;
  };

  return {
    originals,
    renditions,
    renditionsWithDownloadToken,
    images,
    tokens,
    shareRecords,
    tasks,
    progress,
    published,
    calls,
    reader: {
      findToken: async (hash, signal) =>
        deliver(await counted('findToken', () => tokens.get(hash))(), signal),
      readRendition: async (_bucket, object, range, signal) => {
        const read = counted('readRendition', () => renditions.get(object));
        const whole = await deliver(await read(), signal);
        if (whole === undefined || (range && range.start >= whole.length)) return undefined;
        const data = range ? whole.subarray(range.start, range.end + 1) : whole;
        return { bytes: data.length, body: Readable.from([data]) };
      },
    },
    objects: {
      findOriginal: counted('findOriginal', (name) => {
        const original = originals.get(name);
        return original && toStored(name, original);
      }),
      readOriginal: counted('readOriginal', (name, generation) => {
        const original = originals.get(name);
        return original?.generation === generation ? original.data : undefined;
      }),
      setFocus: counted('setFocus', (name, generation, focus) => {
        const original = originals.get(name);
        if (original?.generation !== generation) return false;
        if (focus) original.focus = focus;
        else delete original.focus;
        return true;
      }),
      revokeDownloadTokens: counted('revokeDownloadTokens', (name, generation) => {
        if (renditionsWithDownloadToken.has(name) && String(generations.get(name)) === generation) {
          return renditionsWithDownloadToken.delete(name);
        }
        const original = originals.get(name);
        if (original?.generation !== generation) return false;
        original.hasDownloadToken = false;
        return true;
      }),
      deleteOriginal: counted('deleteOriginal', (name, generation) => {
        if (originals.get(name)?.generation === generation) originals.delete(name);
      }),
      listOriginals: counted('listOriginals', (prefix, limit, after) => {
        const names = [...originals.keys()].filter((name) => name.startsWith(prefix));
        const { items, ...next } = pageOf(names, limit, after);
        return {
          items: items.map((name) => toStored(name, originals.get(name) as InMemoryOriginal)),
          ...next,
        };
      }),
      writeRendition: counted('writeRendition', (name, _format, data, digest) => {
        renditions.set(name, data);
        generations.set(name, (lastGeneration += 1));
        writeTimes.set(name, now());
        return {
          object: name,
          bytes: data.length,
          etag: digest === undefined ? entityTag(data) : entityTagOf(digest),
        };
      }),
      readRendition: counted('readRendition', (name) => renditions.get(name)),
      listRenditions: counted('listRenditions', (folder) =>
        [...renditions.keys()]
          .filter((name) => name.startsWith(folder))
          .map((name) => ({
            name,
            generation: String(generations.get(name)),
            time: writeTimes.get(name) ?? 0,
            hasDownloadToken: renditionsWithDownloadToken.has(name),
          })),
      ),
      revokeRenditionTokens: counted(
        'revokeRenditionTokens',
        ({ name, generation }) =>
          String(generations.get(name)) === generation && renditionsWithDownloadToken.delete(name),
      ),
      deleteRendition: counted('deleteRendition', ({ name, generation }) => {
        if (String(generations.get(name)) === generation) renditions.delete(name);
      }),
      listFolders: counted('listFolders', (folder, limit, after) => {
        const folders = [...renditions.keys()]
          .filter((name) => name.startsWith(folder))
          .map((name) => name.slice(0, name.indexOf('/', folder.length) + 1));
        return pageOf([...new Set(folders)], limit, after);
      }),
    },
    records: {
      begin: counted('begin', (owner, plan) => {
        const path = pathOf(owner);
        const random = String((attempts += 1)).padStart(9, '0');
        const ids = { attempt: attemptId(now(), random), token: mintToken() };
        const transition = beginAttempt(images.get(path), plan, ids, now(), now());
        if (typeof transition === 'string') return transition;
        if (transition.isNew && plan.quota) {
          const folder = path.slice(0, path.lastIndexOf('/') + 1);
          const counted = [...images].filter(
            ([other, { token }]) => other.startsWith(folder) && token > '',
          );
          if (counted.length >= plan.quota.maxImages) {
            const record = refuseUpload(images.get(path), plan, plan.quota, now());
            images.set(path, record);
            return refusalOf(record);
          }
        }
        images.set(path, transition.record);
        const orphanedTokens = transition.isNew
          ? tokensOf(path).filter(([, { kind }]) => kind === 'default')
          : [];
        for (const [hash] of orphanedTokens) tokens.delete(hash);
        if (transition.isNew) {
          const record = { ...owner, imagePath: path, kind: 'default' as const, createdAt: now() };
          tokens.set(hashToken(ids.token), record);
        }
        const { current, isAllowed } = transition;
        return {
          attempt: ids.attempt,
          hasStaleRenditions: transition.hasStaleRenditions || orphanedTokens.length > 0,
          ...(current !== undefined && { current }),
          ...(isAllowed && { isAllowed }),
          ...(transition.triedAt !== undefined && { triedAt: transition.triedAt }),
        };
      }),
      finish: counted('finish', (owner, attempt, result, settings, state = 'ready') => {
        const path = pathOf(owner);
        const record = finishAttempt(images.get(path), attempt, result, settings, now(), state);
        if (record === undefined) return false;
        const { generation } = result.original;
        const { variantsBucket: bucket, placeholder, renditions: written } = result;
        const image = { attempt, bucket, generation, placeholder, renditions: written };
        for (const [hash, token] of tokensOf(path)) {
          tokens.set(hash, { ...token, image });
          if (state === 'held') delete tokens.get(hash)?.image;
        }
        return setImage(path, record);
      }),
      fail: counted('fail', (owner, attempt, failure, settings) => {
        const path = pathOf(owner);
        const record = failAttempt(images.get(path), attempt, failure, settings, now());
        setImage(path, record);
        return record?.state;
      }),
      release: counted('release', (owner, attempt, mayHaveWritten) => {
        const path = pathOf(owner);
        setImage(path, releaseAttempt(images.get(path), attempt, mayHaveWritten));
      }),
      runningAttempts: counted('runningAttempts', (uid, limit) => {
        const { from, to } = runningRange(now());
        const folder = `${fillTemplate(imagesCollection, { uid })}/`;
        return [...images]
          .flatMap(([path, { attempt = '' }]) => (path.startsWith(folder) ? [attempt] : []))
          .filter((attempt) => attempt >= from && attempt < to)
          .sort()
          .slice(0, limit);
      }),
      abandon: counted('abandon', (owner, attempt) => {
        const image = images.get(pathOf(owner));
        if (image?.attempt === attempt) delete image.attempt;
      }),
      findImage: counted('findImage', (owner) => images.get(pathOf(owner))),
      find: counted('find', (owner) => {
        const path = pathOf(owner);
        const image = images.get(path);
        return { ...(image && { image }), tokens: new Map(tokensOf(path)) };
      }),
      remove: counted('remove', (owner, removal) => {
        const path = pathOf(owner);
        const stored = recognizedRecord(images.get(path));
        if (!isRemoved(stored, removal)) return false;
        if (stored !== undefined) images.delete(path);
        for (const [hash] of tokensOf(path)) tokens.delete(hash);
        for (const [key, { imageId }] of shareRecords) {
          if (key.startsWith(`${owner.uid}/`) && imageId === owner.imageId)
            shareRecords.delete(key);
        }
        return true;
      }),
      // It has no counter: see quota-contract.ts.
      forgetUser: counted('forgetUser', () => {}),
      listImages: counted('listImages', (limit, after, uid) => {
        const { items, ...next } = pageOf([...images.keys()], limit, after);
        const owners = items.flatMap((path) => {
          if (!recognizedRecord(images.get(path))) return [];
          const segments = path.split('/');
          const uidIndex = imagesCollection.segments.indexOf('{uid}');
          const owner = { uid: segments[uidIndex] as string, imageId: segments.at(-1) as string };
          return uid === undefined || uid === owner.uid ? [owner] : [];
        });
        return { items: owners, ...next };
      }),
      listTokens: counted('listTokens', (limit, after, uid) => {
        const hashes = [...tokens].filter(([, token]) => uid === undefined || token.uid === uid);
        const { items, ...next } = pageOf(
          hashes.map(([hash]) => hash),
          limit,
          after,
        );
        const listed = items.map((hash) => {
          const token = tokens.get(hash) as TokenRecord<number>;
          const { uid: owner, imageId, imagePath } = token;
          const isElsewhere = imagePath !== pathOf({ uid: owner, imageId });
          const hasShare = token.shareId !== undefined;
          return { uid: owner, imageId, hash, isElsewhere, hasShare };
        });
        return { items: listed, ...next };
      }),
      deleteToken: counted('deleteToken', (hash) => void tokens.delete(hash)),
    },
    shares: inMemoryShares(
      { images, tokens, shareRecords },
      { now, imagesCollection, revocationSeconds, counted },
    ),
    widths: inMemoryWidths({ images, tokens, pathOf, counted }),
    held: inMemoryHeld({ images, pathOf, counted, now }),
    queues: {
      enqueueWidth: counted('queues.resize', (task, id) => {
        enqueue(id, { queue: 'resize', task, id, at: now() });
      }),
      enqueueProcess: counted('queues.processImage', (task, id, at = now()) => {
        enqueue(id, { queue: 'processImage', task, id, at });
      }),
      scheduleCleanup: counted('queues.cleanup', (task, at) => {
        enqueue(cleanupTaskId(task, at), { queue: 'cleanup', task, at });
      }),
      enqueueBackfill: counted('queues.backfill', (task, id = `task-${usedIds.size}`) => {
        enqueue(id, { queue: 'backfill', task, id, at: now() });
      }),
      enqueuePurge: counted(
        'queues.purge',
        (task) => void tasks.push({ queue: 'purge', task, at: now() }),
      ),
    },
    jobs: inMemoryJobs(progress, now, counted),
    events: { publish: counted('events.publish', (event) => void published.push(event)) },
  };
}

function toStored(
  name: string,
  { generation, data, hasDownloadToken, focus, time = 0 }: InMemoryOriginal,
) {
  const metadata = { bytes: data.length, contentType: 'image/jpeg' };
  return { name, generation, ...metadata, time, hasDownloadToken, ...(focus && { focus }) };
}

/** Resolves a microtask later, as over a network, so that concurrent requests overlap. */
async function deliver<T>(value: T, signal: AbortSignal): Promise<T> {
  await Promise.resolve();
  signal.throwIfAborted();
  return value;
}
