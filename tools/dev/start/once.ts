/** The main job for one file, as a client does it, and what the world then sees of it. */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { getDownloadURL, ref, type FirebaseStorage } from 'firebase/storage';
import {
  listVariantUrls,
  objectUrl,
  uploadOriginal,
  waitForImage,
} from 'storage-public-variants-client';
import type { StackInfo } from '../stack/project.js';
import type { DemoUser } from './demo-user.js';

/** One line of output. */
export interface Report {
  file: string;
  imageId?: string;
  state: 'ready' | 'failed';
  token?: string;
  placeholder?: { thumbhash: string; color: string };
  variants: {
    name: string;
    format: string;
    url: string;
    /** Pixels. */
    width: number;
    height: number;
    bytes: number;
    /** What a GET without credentials answered; 0 when nothing did. */
    status: number;
  }[];
  original?: {
    url: string;
    status: number;
    /** What the owner's own getDownloadURL() answered at first, and once `lock` was done. */
    downloadUrl?: { beforeLock: number; afterLock: number };
  };
  error?: { code: string; message: string };
}

/** `lock` is an event's function: it runs moments later. */
const LOCK_TIMEOUT_MS = 15_000;

/** What a browser would claim of a file by its name. */
const CONTENT_TYPES: Record<string, string> = {
  '.avif': 'image/avif',
  '.gif': 'image/gif',
  '.heic': 'image/heic',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
};

/**
 * Uploads a file as the user, waits for its record, and asks for everything without credentials.
 * @param signal ends it; what is reported then is of no use
 */
export async function processPhoto(
  file: string,
  user: DemoUser,
  info: StackInfo,
  signal: AbortSignal,
): Promise<Report> {
  const contentType = CONTENT_TYPES[extname(file).toLowerCase()] ?? 'image/jpeg';
  const { uid, storage, firestore } = user;
  const known: Pick<Report, 'imageId' | 'original'> = {};
  try {
    const data = new Uint8Array(await readFile(file));
    const upload = await uploadOriginal(storage, { uid, data, contentType, signal });
    const { imageId, generation } = upload;
    known.imageId = imageId;
    const record = await waitForImage(firestore, { uid, imageId, generation, signal });
    const url = objectUrl(`http://${info.storage}`, info.bucket, upload.name);
    known.original = { url, status: (await visit(url)).status };
    known.original.downloadUrl = await watchLock(storage, upload.name, signal);
    const variants: Report['variants'] = [];
    for (const { name, format, url, width, height } of listVariantUrls(info.serve, record)) {
      const { status, bytes } = await visit(url);
      variants.push({ name, format, url, width, height, bytes, status });
    }
    return {
      file,
      imageId,
      state: record.state === 'ready' ? 'ready' : 'failed',
      token: record.token,
      ...(record.placeholder && { placeholder: record.placeholder }),
      variants,
      original: known.original,
      ...(record.error && { error: record.error }),
    };
  } catch (error) {
    // A file that can't be read or an upload that is refused is an end, too.
    const { code, message } = error as { code?: unknown; message?: unknown };
    const reason = {
      code: typeof code === 'string' ? code : 'unknown',
      message: String(message),
    };
    return { file, ...known, state: 'failed', variants: [], error: reason };
  }
}

/** Whether a report is all that it should be: the sizes open, the original locked. */
export function isGood(report: Report): boolean {
  return (
    report.state === 'ready' &&
    report.variants.length > 0 &&
    report.variants.every(({ status }) => status === 200) &&
    report.original?.status === 403 &&
    report.original.downloadUrl?.afterLock === 403
  );
}

/** Makes an address of the original that is open past all rules, and watches it being closed. */
async function watchLock(
  storage: FirebaseStorage,
  name: string,
  signal: AbortSignal,
): Promise<{ beforeLock: number; afterLock: number }> {
  const url = await getDownloadURL(ref(storage, name));
  const beforeLock = (await visit(url)).status;
  const end = Date.now() + LOCK_TIMEOUT_MS;
  let afterLock = beforeLock;
  while (afterLock === 200 && Date.now() < end && !signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    afterLock = (await visit(url)).status;
  }
  return { beforeLock, afterLock };
}

async function visit(url: string): Promise<{ status: number; bytes: number }> {
  try {
    const response = await fetch(url);
    return { status: response.status, bytes: (await response.arrayBuffer()).byteLength };
  } catch {
    return { status: 0, bytes: 0 };
  }
}
