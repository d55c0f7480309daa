/** The main job for one file, as a client does it, and what the world then sees of it. */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { listVariantUrls, uploadOriginal, waitForImage } from '../../client/src/index.js';
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
  original?: { url: string; status: number };
  error?: { code: string; message: string };
}

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

/** Uploads a file as the user, waits for its record, and asks for everything without credentials. */
export async function processPhoto(file: string, user: DemoUser, info: StackInfo): Promise<Report> {
  const data = new Uint8Array(await readFile(file));
  const contentType = CONTENT_TYPES[extname(file).toLowerCase()] ?? 'image/jpeg';
  try {
    const { uid, storage, firestore } = user;
    const upload = await uploadOriginal(storage, { uid, data, contentType });
    const { imageId, generation } = upload;
    const record = await waitForImage(firestore, { uid, imageId, generation });
    const variants: Report['variants'] = [];
    for (const { name, format, url, width, height } of listVariantUrls(info.serve, record)) {
      const { status, bytes } = await visit(url);
      variants.push({ name, format, url, width, height, bytes, status });
    }
    const url = originalUrl(info, upload.name);
    return {
      file,
      imageId,
      state: record.state === 'ready' ? 'ready' : 'failed',
      token: record.token,
      ...(record.placeholder && { placeholder: record.placeholder }),
      variants,
      original: { url, status: (await visit(url)).status },
      ...(record.error && { error: record.error }),
    };
  } catch (error) {
    // A refused upload is an end, too: its code is the SDK's.
    const { code, message } = error as { code?: unknown; message?: unknown };
    const known = typeof code === 'string' ? code : 'unknown';
    return {
      file,
      state: 'failed',
      variants: [],
      error: { code: known, message: String(message) },
    };
  }
}

/** Whether a report is all that it should be. */
export function isGood(report: Report): boolean {
  return (
    report.state === 'ready' &&
    report.variants.length > 0 &&
    report.variants.every(({ status }) => status === 200)
  );
}

/** The address at which Storage itself would hand out an original. */
export function originalUrl(info: StackInfo, name: string): string {
  const object = encodeURIComponent(name);
  return `http://${info.storage}/v0/b/${info.bucket}/o/${object}?alt=media`;
}

async function visit(url: string): Promise<{ status: number; bytes: number }> {
  try {
    const response = await fetch(url);
    return { status: response.status, bytes: (await response.arrayBuffer()).byteLength };
  } catch {
    return { status: 0, bytes: 0 };
  }
}
