/** Files as storage-resize-images 0.3.3 leaves them: names, metadata and download tokens, and documents with their URLs. */
import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import type { Firestore } from 'firebase-admin/firestore';
import pLimit from 'p-limit';
import sharp from 'sharp';
import { colorOf } from '../lifecycle/fixture.js';
import type { StackContext } from '../../tools/dev/stack/stack-context.js';

/** An object with its metadata. */
export interface OldFile {
  name: string;
  data: Buffer;
  contentType: string;
  contentDisposition?: string;
  /** Custom metadata. */
  metadata: Record<string, string>;
}

export interface OldImage {
  original: OldFile;
  resized: OldFile[];
}

/** Objects written at the same time. */
const CONCURRENCY = 10;

/** A JPEG with a square whose place and color differ for each number. */
export function picture(number: number): Promise<Buffer> {
  const square = sharp({
    create: { width: 90, height: 90, channels: 3, background: colorOf(number + 7) },
  });
  const place = { left: (number * 37) % 210, top: (number * 53) % 130 };
  return square
    .png()
    .toBuffer()
    .then((input) =>
      sharp({ create: { width: 300, height: 220, channels: 3, background: colorOf(number) } })
        .composite([{ input, ...place }])
        .jpeg()
        .toBuffer(),
    );
}

/**
 * An upload by a client, and what the extension makes of it with IMG_SIZES=200x200 and REGENERATE_TOKEN=true: the same
 * metadata, `resizedImage` and another download token.
 * @param resizedPath RESIZED_IMAGES_PATH
 * @param metadata custom metadata of the upload
 */
export async function oldImage(
  name: string,
  number: number,
  resizedPath: string,
  metadata: Record<string, string> = {},
): Promise<OldImage> {
  const data = await picture(number);
  const { dir, name: stem, ext, base } = posix.parse(name);
  const shared = (file: string) => ({
    contentType: 'image/jpeg',
    // As Firebase's client SDKs set it.
    contentDisposition: `inline; filename*=utf-8''${encodeURIComponent(file)}`,
  });
  const original: OldFile = {
    ...{ name, data, ...shared(base) },
    metadata: { ...metadata, firebaseStorageDownloadTokens: randomUUID() },
  };
  const file = `${stem}_200x200${ext}`;
  const small = await sharp(data)
    .rotate()
    .resize(200, 200, { fit: 'inside', withoutEnlargement: true })
    .toBuffer();
  const resized: OldFile = {
    ...{ name: posix.join(dir, resizedPath, file), data: small, ...shared(file) },
    metadata: {
      ...metadata,
      resizedImage: 'true',
      firebaseStorageDownloadTokens: randomUUID(),
    },
  };
  return { original, resized: [resized] };
}

/** Writes objects with the Admin SDK, as the extension does. */
export async function writeFiles(
  { bucket }: Pick<StackContext, 'bucket'>,
  files: readonly OldFile[],
): Promise<void> {
  await pLimit(CONCURRENCY).map(
    files,
    ({ name, data, contentType, contentDisposition, metadata }) =>
      bucket.file(name).save(data, {
        resumable: false,
        metadata: {
          ...{ contentType, metadata },
          ...(contentDisposition !== undefined && { contentDisposition }),
        },
      }),
  );
}

/** The download URL that `getDownloadURL` of the client SDKs returns. */
export function downloadUrl(
  { stack }: Pick<StackContext, 'stack'>,
  { name, metadata }: OldFile,
): string {
  const token = metadata['firebaseStorageDownloadTokens'] ?? '';
  return `http://${stack.storage}/v0/b/${stack.bucket}/o/${encodeURIComponent(name)}?alt=media&token=${token}`;
}

/** Writes documents, by id. */
export async function writeDocuments(
  firestore: Firestore,
  collection: string,
  documents: Readonly<Record<string, object>>,
): Promise<void> {
  const writer = firestore.bulkWriter();
  for (const [id, fields] of Object.entries(documents)) {
    void writer.set(firestore.collection(collection).doc(id), fields);
  }
  await writer.close();
}
