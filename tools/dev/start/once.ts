/** Processes one file as an app does: upload, wait for the image record, request every public URL. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FirebaseStorage } from 'firebase/storage';
import {
  ImagesError,
  listVariantUrls,
  objectUrl,
  type Image,
} from 'storage-public-variants-client';
import type { StackInfo } from '../stack/project.js';
import type { DemoUser } from './demo-user.js';

/** One line of the output of `--once`. */
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
    /** HTTP status of a GET without credentials; 0 when there was no response. */
    status: number;
  }[];
  original?: {
    url: string;
    status: number;
    /** HTTP status of the owner's getDownloadURL() before and after its token was revoked. */
    downloadUrl?: { beforeLock: number; afterLock: number };
  };
  error?: { code: string; message: string };
}

/** Download tokens are revoked by an event-driven function, shortly after they are created. */
const REVOCATION_TIMEOUT_MS = 15_000;

/**
 * Uploads a file as the user, waits for its image record, and requests every URL without credentials.
 * @param signal stops the processing; the report is then incomplete
 * @returns a report with state `failed` when a step fails; never rejects
 */
export async function processFile(
  file: string,
  user: DemoUser,
  info: StackInfo,
  signal: AbortSignal,
): Promise<Report> {
  const { storage, images } = user;
  const partial: Pick<Report, 'imageId' | 'original'> = {};
  try {
    const upload = images.upload(new File([await readFile(file)], basename(file)), { signal });
    partial.imageId = upload.id;
    const record = await upload.ready.catch(imageOf);
    const url = objectUrl(`http://${info.storage}`, info.bucket, record.original.name);
    partial.original = { url, status: (await get(url)).status };
    partial.original.downloadUrl = await waitForRevocation(storage, record.original.name, signal);
    const variants: Report['variants'] = [];
    for (const { name, format, url, width, height } of listVariantUrls(info.serve, record)) {
      const { status, bytes } = await get(url);
      variants.push({ name, format, url, width, height, bytes, status });
    }
    return {
      file,
      imageId: upload.id,
      state: record.state === 'ready' ? 'ready' : 'failed',
      token: record.token,
      ...(record.placeholder && { placeholder: record.placeholder }),
      variants,
      original: partial.original,
      ...(record.error && { error: record.error }),
    };
  } catch (error) {
    // For example a file that cannot be read or an upload that the rules deny.
    const { code, message } = error as { code?: unknown; message?: unknown };
    const reason = {
      code: typeof code === 'string' ? code : 'unknown',
      message: String(message),
    };
    return { file, ...partial, state: 'failed', variants: [], error: reason };
  }
}

/** The image that has failed. @throws any other error */
function imageOf(error: unknown): Image {
  if (error instanceof ImagesError && error.image) return error.image;
  throw error;
}

/** Whether the image is ready, all variants are public and the original is private. */
export function hasSucceeded(report: Report): boolean {
  return (
    report.state === 'ready' &&
    report.variants.length > 0 &&
    report.variants.every(({ status }) => status === 200) &&
    report.original?.status === 403 &&
    report.original.downloadUrl?.afterLock === 403
  );
}

/** Creates a download URL of the original, which bypasses the rules, and waits until it is revoked. */
async function waitForRevocation(
  storage: FirebaseStorage,
  name: string,
  signal: AbortSignal,
): Promise<{ beforeLock: number; afterLock: number }> {
  const { getDownloadURL, ref } = await import('firebase/storage');
  const url = await getDownloadURL(ref(storage, name));
  const beforeLock = (await get(url)).status;
  const end = Date.now() + REVOCATION_TIMEOUT_MS;
  let afterLock = beforeLock;
  while (afterLock === 200 && Date.now() < end && !signal.aborted) {
    await delay(50);
    afterLock = (await get(url)).status;
  }
  return { beforeLock, afterLock };
}

async function get(url: string): Promise<{ status: number; bytes: number }> {
  try {
    const response = await fetch(url);
    return { status: response.status, bytes: (await response.arrayBuffer()).byteLength };
  } catch {
    return { status: 0, bytes: 0 };
  }
}
