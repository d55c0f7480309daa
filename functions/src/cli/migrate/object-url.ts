/** Finds the object that a field of a document refers to. */
import type { ObjectId } from '../../gcp/storage-api.js';

/** `/v0/b/BUCKET/o/NAME` of Firebase, whose emulator has another host. */
const DOWNLOAD = /^\/v0\/b\/([^/]+)\/o\/([^/]+)$/;

/**
 * Parses a download URL of Firebase, a URL of Cloud Storage, a gs:// URL or the name of an object.
 * @param bucket of a plain name
 * @returns undefined for anything else
 */
export function parseObjectUrl(text: string, bucket: string): ObjectId | undefined {
  const gs = /^gs:\/\/([^/]+)\/(.+)$/s.exec(text);
  if (gs !== null) return objectId(gs[1], gs[2]);
  if (!/^https?:\/\//.test(text)) {
    return text === '' || text.startsWith('/') || /^[a-z]+:/i.test(text)
      ? undefined
      : { bucket, name: text };
  }
  if (!URL.canParse(text)) return undefined;
  const { pathname, hostname } = new URL(text);
  try {
    const download = DOWNLOAD.exec(pathname);
    if (download !== null) return objectId(download[1], decodeURIComponent(download[2] ?? ''));
    const path = decodeURIComponent(pathname.slice(1));
    if (hostname === 'storage.googleapis.com') {
      const end = path.indexOf('/');
      return end < 0 ? undefined : objectId(path.slice(0, end), path.slice(end + 1));
    }
    const ofHost = hostname.endsWith('.storage.googleapis.com');
    return ofHost
      ? objectId(hostname.slice(0, -'.storage.googleapis.com'.length), path)
      : undefined;
  } catch {
    // A `%` that encodes nothing.
    return undefined;
  }
}

function objectId(bucket = '', name = ''): ObjectId | undefined {
  return bucket === '' || name === '' ? undefined : { bucket, name };
}
