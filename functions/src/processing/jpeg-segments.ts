/** Adds segments to a JPEG. ITU-T T.81, section B.1.1.4. */
import { hasText } from './text.js';

const START_OF_IMAGE_LENGTH = 2;

/** @param marker its second byte */
export function createSegment(marker: number, ...parts: readonly Buffer[]): Buffer {
  const length = 2 + parts.reduce((sum, part) => sum + part.length, 0);
  if (length > 0xffff) throw new RangeError('expected a segment of at most 65,535 bytes');
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length & 0xff]), ...parts]);
}

/** @returns the offset after the JFIF segment, which must be the first, or of the first segment */
export function segmentsStart(jpeg: Buffer): number {
  const start = START_OF_IMAGE_LENGTH;
  const isJfif =
    jpeg[start] === 0xff && jpeg[start + 1] === 0xe0 && hasText(jpeg, start + 4, 'JFIF\0');
  return isJfif ? start + 2 + jpeg.readUInt16BE(start + 2) : start;
}

/** @param jpeg an output of an encoder */
export function addSegments(jpeg: Buffer, segments: readonly Buffer[]): Buffer {
  const start = segmentsStart(jpeg);
  return Buffer.concat([jpeg.subarray(0, start), ...segments, jpeg.subarray(start)]);
}
