/** What views show, derived from the state. */
import {
  listVariantUrls,
  objectUrl,
  variantUrl,
  type Image,
  type PictureRecord,
  type Share,
} from 'storage-public-variants-client';
import { BASE_URL } from './config.js';
import { nameOf } from './names.js';
import type { Deleted, Original, State, UploadEntry } from './store.js';

/** The id of the sample, which is nobody's image. */
export const SAMPLE_ID = 'sample';

/** A photo: the sample, an upload that is running, or an image. */
export interface Photo {
  id: string;
  name: string;
  state: 'waiting' | 'uploading' | 'processing' | 'ready' | 'failed';
  /** Fraction of the bytes that are uploaded. */
  progress: number;
  /** Object URL of the file that is uploaded. */
  preview?: string | undefined;
  message?: string | undefined;
  /** What `<picture>` needs. */
  record?: PictureRecord | undefined;
  original?: Original | undefined;
  entry?: UploadEntry | undefined;
}

/** One size of a photo. */
export interface Size {
  name: string;
  /** Pixels. */
  width: number;
  height: number;
  cropped: boolean;
  /** Bytes of the smallest format. */
  bytes?: number | undefined;
  url: string;
}

/** The user's photos, oldest first, so that new ones move no others: images, then uploads of this page. */
export function photosOf(state: State): Photo[] {
  const gone = new Set([...state.discarded, ...state.deleted.map(({ id }) => id)]);
  const images = new Map((state.images ?? []).map((image) => [image.id, image]));
  const uploads = state.uploads
    .filter(({ upload }) => upload?.state !== 'canceled')
    .map((entry) => ofUpload(state, entry, images.get(entry.id)));
  const uploaded = new Set(uploads.map(({ id }) => id));
  const others = [...images.values()].filter(({ id }) => !uploaded.has(id));
  return [...others.reverse().map((image) => ofImage(state, image)), ...uploads].filter(
    ({ id }) => !gone.has(id),
  );
}

/** Those that are shown with their details: failed ones are messages. */
export function shownPhotos(state: State): Photo[] {
  return photosOf(state).filter(
    ({ state, entry }) => state !== 'failed' && entry?.isPhoto !== false,
  );
}

/** A place in the grid. */
export type Tile = Photo | { id: string; gone: Deleted };

/** Uploads that fail and photos that are deleted keep their places, so that the others do not move. */
export function tilesOf(state: State): Tile[] {
  const tiles: Tile[] = photosOf(state).filter(
    ({ state, entry }) => (state !== 'failed' || entry !== undefined) && entry?.isPhoto !== false,
  );
  const gone = state.deleted.filter(({ isHidden }) => !isHidden);
  for (const one of gone.sort((a, b) => a.index - b.index)) {
    tiles.splice(one.index, 0, { id: one.id, gone: one });
  }
  return tiles;
}

/** Those that failed, in the order in which they did. */
export function failedPhotos(state: State): Photo[] {
  return photosOf(state)
    .filter((photo) => photo.state === 'failed')
    .sort((a, b) => (a.entry?.failedAt ?? 0) - (b.entry?.failedAt ?? 0));
}

/** The photo that is shown with all its details: of the drawer, the only one, or the sample. */
export function currentPhoto(state: State): Photo | undefined {
  const shown = shownPhotos(state);
  if (state.openPhoto !== undefined) return shown.find(({ id }) => id === state.openPhoto);
  if (tilesOf(state).length > 1) return undefined;
  return shown[0] ?? (isLoading(state) ? undefined : samplePhoto(state));
}

/** Whether it is not known yet if the user has photos. */
export function isLoading({ config, uid, images }: State): boolean {
  return config === undefined || uid === undefined || (uid !== null && images === undefined);
}

export function samplePhoto({ sample }: State): Photo | undefined {
  if (!sample) return undefined;
  const { record, original } = sample;
  return { id: SAMPLE_ID, name: 'Sample', state: 'ready', progress: 1, record, original };
}

/** Finds a photo, the sample too. */
export function photoById(state: State, id: string): Photo | undefined {
  return id === SAMPLE_ID ? samplePhoto(state) : photosOf(state).find((photo) => photo.id === id);
}

function ofUpload(state: State, entry: UploadEntry, latest: Image | undefined): Photo {
  const { id, name, preview, upload } = entry;
  const image = upload?.state === 'ready' ? (latest ?? upload.image) : upload?.image;
  return {
    ...{ id, name, preview, entry },
    state: upload === undefined || upload.state === 'canceled' ? 'waiting' : upload.state,
    progress: upload?.progress ?? 0,
    message: upload?.message,
    record: image?.variants && image,
    original: image && originalOf(state, image),
  };
}

function ofImage(state: State, image: Image): Photo {
  // By a content filter: nothing of it is public.
  const isHeld = image.state === 'held';
  return {
    id: image.id,
    name: nameOf(image.id) ?? 'Photo',
    state: image.state === 'held' ? 'failed' : image.state,
    progress: 1,
    message: isHeld ? 'Held for review.' : image.error?.message,
    record: isHeld ? undefined : image.variants && image,
    original: originalOf(state, image),
  };
}

function originalOf(state: State, { original }: Image): Original {
  const { bucket, name, bytes, width, height } = original;
  return { url: objectUrl(state.config?.storageOrigin ?? '', bucket, name), bytes, width, height };
}

/** The sizes of a photo, narrowest first. */
export function sizesOf({ record }: Photo): Size[] {
  if (!record) return [];
  const { token, variants = {} } = record;
  const smallest = new Map<string, number>();
  for (const { name, bytes } of listVariantUrls(BASE_URL, record as Image)) {
    smallest.set(name, Math.min(bytes, smallest.get(name) ?? Infinity));
  }
  return Object.entries(variants)
    .map(([name, { width, height, cropped = false }]) => ({
      ...{ name, width, height, cropped },
      ...{ bytes: smallest.get(name), url: variantUrl(BASE_URL, token, name) },
    }))
    .sort((a, b) => a.width - b.width);
}

/** The size whose URL is shown: the chosen one, or the widest if the photo has no such. */
export function chosenSize(state: State, photo: Photo): Size | undefined {
  const sizes = sizesOf(photo);
  return sizes.find(({ name }) => name === state.size) ?? sizes.at(-1);
}

/** The links of a photo, newest first. */
export function sharesOf(state: State, photoId: string): Share[] {
  return state.shares.filter(({ imageId }) => imageId === photoId);
}

/** Name of the variant that a link is opened with: the chosen one if the link allows it. */
export function variantOf(state: State, photo: Photo | undefined, share: Share): string {
  const names = photo ? sizesOf(photo).map(({ name }) => name) : [];
  const allowed = share.variants ?? names;
  return allowed.includes(state.size) ? state.size : (allowed.at(-1) ?? state.size);
}
