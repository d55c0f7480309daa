/** States in an encoded file that its colors are those of Display P3. */
import { deflateSync } from 'node:zlib';
import type { Format } from '../domain/format.js';
import { P3_PRIMARIES, SRGB_TRANSFER } from './color-space.js';
import { addColors } from './heif/add-colors.js';
import { addSegments, createSegment } from './jpeg-segments.js';
import { P3_PROFILE } from './p3-profile.js';
import { createChunk, endOf, SIGNATURE_LENGTH } from './png-chunks.js';
import { addWebpProfile } from './webp.js';

const TAGGERS: Record<Format, (file: Buffer) => Buffer> = {
  jpeg: (file) => addSegments(file, [PROFILE_SEGMENT]),
  png: tagPng,
  webp: (file) => addWebpProfile(file, P3_PROFILE),
  avif: (file) => addColors(file, { primaries: P3_PRIMARIES, transfer: SRGB_TRANSFER }),
};

/**
 * @param file an output of `encode`, which has no profile
 * @returns a new file whose pixels are the same
 */
export function tagDisplayP3(file: Buffer, format: Format): Buffer {
  return TAGGERS[format](file);
}

/** ICC.1:2022, annex B.4: segment 1 of 1. */
const PROFILE_SEGMENT = createSegment(
  0xe2,
  Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'),
  P3_PROFILE,
);

/** PNG (third edition), section 11.3.2.3: before palette and pixels. */
function tagPng(file: Buffer): Buffer {
  const data = Buffer.concat([Buffer.from('P3\0\0', 'latin1'), deflateSync(P3_PROFILE)]);
  const end = endOf(file, SIGNATURE_LENGTH);
  return Buffer.concat([file.subarray(0, end), createChunk('iCCP', data), file.subarray(end)]);
}
