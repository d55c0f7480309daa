/** Decides whether a JPEG without an end of image has all of its pixel data. ITU-T T.81. */
import { ImageFailure } from '../errors.js';
import type { JpegFile } from './jpeg.js';
import { openImage, toImageFailure } from './vips.js';

/** Pixels of a block's edge, and coefficients of a block. */
const BLOCK_EDGE = 8;
const COEFFICIENTS = 64;

/**
 * Decodes the file once more, strictly: libjpeg only warns when it runs out of data before an end of image.
 * @param maxPixels limit for width times height
 * @throws ImageFailure when pixel data is missing
 */
export async function checkComplete(file: JpegFile, maxPixels: number): Promise<void> {
  if (file.frame === undefined || !hasAllCoefficients(file)) {
    throw new ImageFailure('damaged-image', 'expected all scans of the image, found fewer');
  }
  const strict = openImage(withWholeBlocks(file), maxPixels, { failOn: 'warning' });
  const { width, height } = await toImageFailure(strict.metadata(), 'damaged-image');
  // An extraction that precedes the resize makes libvips decode at full size.
  const all = strict
    .extract({ left: 0, top: 0, width, height })
    .resize({ width: 1, height: 1, fit: 'fill' });
  await toImageFailure(all.raw().toBuffer(), 'damaged-image');
}

/** Sampling factors and id of a component, section B.2.2; entries of 3 bytes from offset 10. */
function* readComponents(bytes: Buffer, frame: number): Generator<{ id: number; rows: number }> {
  const count = bytes[frame + 9] ?? 0;
  for (let at = frame + 10; at < frame + 10 + 3 * count && at + 3 <= bytes.length; at += 3) {
    yield { id: bytes[at] as number, rows: (bytes[at + 1] as number) & 15 };
  }
}

/**
 * Whether the scans together state every bit of every coefficient: a progressive file that ends between two
 * scans decodes without a warning, to a blurred image.
 */
function hasAllCoefficients({ bytes, frame = 0, scans }: JpegFile): boolean {
  /** Component -> for each coefficient, the lowest bit that is stated so far. */
  const lowestBits = new Map<number, Uint8Array>();
  for (const { id } of readComponents(bytes, frame)) {
    lowestBits.set(id, new Uint8Array(COEFFICIENTS).fill(255));
  }
  for (const scan of scans) {
    // Section B.2.3: components of 2 bytes, then Ss, Se, Ah and Al.
    const end = scan + 5 + 2 * (bytes[scan + 4] ?? 0);
    if (end + 3 > bytes.length) return false;
    const [first = 0, last = 0, bits = 0] = bytes.subarray(end, end + 3);
    for (let at = scan + 5; at < end; at += 2) {
      lowestBits.get(bytes[at] as number)?.fill(bits & 15, first, last + 1);
    }
  }
  return [...lowestBits.values()].every((bits) => bits.every((bit) => bit === 0));
}

/**
 * Rounds the height up to whole blocks, which changes no pixel data: libvips reports a warning only before it
 * returns a further row, so missing data of the last row would be overlooked. Only for files of one scan,
 * whose number of blocks stays the same; otherwise all scans are read before the first row.
 */
function withWholeBlocks({ bytes, frame = 0, scans }: JpegFile): Buffer {
  if (scans.length !== 1) return bytes;
  const components = [...readComponents(bytes, frame)];
  const rows = components.length === 1 ? 1 : Math.max(...components.map(({ rows }) => rows));
  const edge = BLOCK_EDGE * rows;
  const height = Math.ceil(bytes.readUInt16BE(frame + 5) / edge) * edge;
  if (height > 65_535) return bytes;
  const copy = Buffer.from(bytes);
  copy.writeUInt16BE(height, frame + 5);
  return copy;
}
