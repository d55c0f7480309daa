/** Decides whether a JPEG without an end of image has all of its pixel data. ITU-T T.81. */
import { ImageFailure } from '../errors.js';
import type { JpegFile } from './jpeg.js';
import { openImage, toImageFailure } from './open-image.js';

/** Coefficients of a block. */
const COEFFICIENTS = 64;

/**
 * Decodes the file twice more. libjpeg only warns when it runs out of data before an end of image, and libvips
 * overlooks a warning of the last rows; there, other data after the end must not change a pixel.
 * @param maxPixels limit for width times height
 * @throws ImageFailure when pixel data is missing
 */
export async function checkComplete(file: JpegFile, maxPixels: number): Promise<void> {
  if (file.frame === undefined || !hasAllCoefficients(file)) {
    throw new ImageFailure('damaged-image', 'expected all scans of the image, found fewer');
  }
  const lastRows = await decodeLastRows(file.bytes, maxPixels, 'warning');
  let length = file.bytes.length - END_LENGTH;
  // Half of an end of image, or half of a stuffed 0xff, which would make a marker of the other data.
  while (length > 0 && file.bytes[length - 1] === 0xff) length--;
  const other = Buffer.concat([file.bytes.subarray(0, length), OTHER_DATA]);
  const otherRows = await decodeLastRows(other, maxPixels, 'none');
  if (!lastRows.equals(otherRows)) {
    throw new ImageFailure('damaged-image', 'expected pixel data up to the last row, found less');
  }
}

/** Bytes of the end of image, which `readJpeg` added. */
const END_LENGTH = 2;
/** Rows of the lowest blocks at any subsampling, and of the part that libvips reads at once; pixels. */
const LAST_ROWS = 64;

/**
 * Decodes to other pixels than no data, which libjpeg replaces by zeros; with all restart markers, of which the
 * decoder may await any.
 */
const OTHER_DATA = Buffer.concat([
  ...Array.from({ length: 16 }, (_, i) =>
    Buffer.concat([Buffer.alloc(64, 0xaa), Buffer.from([0xff, 0xd0 + (i % 8)])]),
  ),
  Buffer.from([0xff, 0xd9]),
]);

/** Decodes all rows, at full size, and returns the last ones. */
async function decodeLastRows(
  bytes: Buffer,
  maxPixels: number,
  failOn: 'none' | 'warning',
): Promise<Buffer> {
  const image = openImage(bytes, maxPixels, { failOn });
  const { width, height: rows } = await toImageFailure(image.metadata(), 'damaged-image');
  const height = Math.min(rows, LAST_ROWS);
  const lastRows = image.extract({ left: 0, top: rows - height, width, height });
  return toImageFailure(lastRows.raw().toBuffer(), 'damaged-image');
}

/** The ids of the components: section B.2.2, entries of 3 bytes from offset 10. */
function readComponents(bytes: Buffer, frame: number): number[] {
  const count = bytes[frame + 9] ?? 0;
  return [...bytes.subarray(frame + 10, frame + 10 + 3 * count)].filter((_, i) => i % 3 === 0);
}

/**
 * Whether the scans together state every bit of every coefficient: a progressive file that ends between two
 * scans decodes without a warning, to a blurred image.
 */
function hasAllCoefficients({ bytes, frame = 0, scans }: JpegFile): boolean {
  /** Component -> for each coefficient, the lowest bit that is stated so far. */
  const lowestBits = new Map<number, Uint8Array>();
  for (const id of readComponents(bytes, frame)) {
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
