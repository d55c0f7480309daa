/**
 * Reproduces how storage-resize-images 0.3.3 processes an upload: every size in every format separately,
 * all in parallel; each is resized into the input's format, decoded, encoded in the target format,
 * decoded, and encoded again into a file without extension. Its `failOnError: false` is
 * `failOn: 'none'` in this version of sharp.
 * @see https://github.com/firebase/extensions/tree/next/storage-resize-images/functions/src
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type Sharp from 'sharp';
import { EDGES, FORMATS } from './sizes.js';

/** @returns the paths of the files written to `folder` */
export async function runPeer(sharp: typeof Sharp, file: string, folder: string) {
  sharp.cache(false);
  return Promise.all(
    FORMATS.flatMap((format) =>
      EDGES.map((edge) => modifyImage(sharp, file, folder, edge, format)),
    ),
  );
}

/** Produces one size in one format. @returns the path of the file written to `folder` */
export async function modifyImage(
  sharp: typeof Sharp,
  file: string,
  folder: string,
  edge: number,
  format: 'jpeg' | 'webp' | 'avif',
): Promise<string> {
  const animated = true;
  const resized = await sharp(file, { failOn: 'none', animated })
    .rotate()
    .resize(edge, edge, { fit: 'inside', withoutEnlargement: true })
    .toBuffer();
  // Only WebP (and GIF) stays animated.
  const input = sharp(resized, format === 'webp' ? { animated } : {});
  const converted = await input[format]({}).toBuffer();
  const path = join(folder, randomUUID());
  await sharp(converted, { animated }).toFile(path);
  return path;
}
