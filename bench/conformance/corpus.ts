/** `--corpus DIR`: image files that others hold, without knowledge of what is right for each. */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Input } from './examine.js';
import { heicAsPng } from './heic-reference.js';

/** Content types by file name extension; other files are skipped. */
const TYPES: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.apng': 'image/png',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
  '.avif': 'image/avif',
  '.avifs': 'image/avif',
  '.heic': 'image/heic',
  '.heif': 'image/heic',
  '.hif': 'image/heic',
  '.svg': 'image/svg+xml',
  '.bmp': 'image/bmp',
  '.ico': 'image/x-icon',
};

/** Only what Chromium shows can be compared: TIFF is left out. */
export function readCorpus(root: string, folder: string) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => extname(name).toLowerCase() in TYPES)
    .sort();
  if (names.length === 0) throw new Error(`expected images in ${folder}, found none`);
  return names.map((name) => {
    const extension = extname(name).toLowerCase();
    return {
      ...{ format: extension.slice(1), row: '', name },
      read: (): Input => {
        const bytes = readFileSync(join(folder, name));
        const type = TYPES[extension] as string;
        const isHeic = type === 'image/heic' && bytes.includes('hvcC');
        return {
          ...{
            bytes,
            type,
            tolerance: toleranceOf(type, bytes),
            expected: { converted: 'corpus' },
          },
          ...(isHeic && { reference: () => heicOrNothing(root, bytes) }),
        };
      },
    };
  });
}

function toleranceOf(type: string, bytes: Buffer): Input['tolerance'] {
  const text = bytes.toString('latin1', 0, 2 ** 16);
  // Chromium shows frames of an animated PNG, and renditions the still image.
  if (type === 'image/png' && text.includes('acTL')) return 'any';
  // Primaries and transfer function (ITU-T H.273): 16 is PQ, 18 is HLG.
  const transfer = text.charCodeAt(text.indexOf('nclx') + 7);
  return text.includes('nclx') && (transfer === 16 || transfer === 18) ? 'hdr' : 'corpus';
}

/** A file that libheif rejects is shown by nobody. */
function heicOrNothing(root: string, bytes: Buffer): Buffer {
  try {
    return heicAsPng(root, bytes);
  } catch {
    return Buffer.from('not shown');
  }
}
