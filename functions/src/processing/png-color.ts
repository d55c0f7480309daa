/** Reads the color chunks of a PNG. */
import { inflateSync } from 'node:zlib';
import type { Chromaticity, ColorDescription } from './color-description.js';
import { MAX_PROFILE_BYTES } from './limits.js';

/** PNG (third edition), section 5.2: the signature. */
const SIGNATURE_LENGTH = 8;
/** Section 5.3: length, type and CRC of a chunk. */
const CHUNK_OVERHEAD = 12;
/** The unit of gAMA and cHRM. */
const UNIT = 100_000;

/**
 * Reads the chunks by PNG (third edition), section 4.3: sRGB comes before gAMA with cHRM. As in Chromium,
 * cHRM counts only with gAMA. The profile is read here because libpng drops those of gray images.
 * @param bytes the whole file
 */
export function readPngColor(bytes: Buffer): ColorDescription {
  const chunks = readColorChunks(bytes);
  const [primaries = 0, transfer = 0, matrix, fullRange] = chunks.get('cICP') ?? [];
  const icc = readProfile(chunks.get('iCCP'));
  const gamma = chunks.has('sRGB') ? 0 : (chunks.get('gAMA')?.readUInt32BE(0) ?? 0);
  const points = chunks.get('cHRM');
  return {
    // Section 11.3.2.6: PNG holds only RGB. Chromium ignores the chunk of a limited range.
    ...(matrix === 0 && fullRange === 1 && { cicp: { primaries, transfer } }),
    ...(icc && { icc }),
    ...(gamma > 0 && { gamma: gamma / UNIT }),
    ...(gamma > 0 && points && { chromaticities: readChromaticities(points) }),
  };
}

/** Section 11.3.2.3: a name that ends with 0, the compression method 0, and the compressed profile. */
function readProfile(chunk: Buffer | undefined): Buffer | undefined {
  const end = chunk?.subarray(0, MAX_NAME_LENGTH + 1).indexOf(0) ?? -1;
  if (!chunk || end < 1 || chunk[end + 1] !== 0) return undefined;
  try {
    return inflateSync(chunk.subarray(end + 2), { maxOutputLength: MAX_PROFILE_BYTES });
  } catch {
    return undefined;
  }
}

const MAX_NAME_LENGTH = 79;

/** The length of each chunk that this reads, if it has one; a chunk of another length is ignored. */
const LENGTHS = new Map([
  ['cICP', 4],
  ['iCCP', undefined],
  ['sRGB', 1],
  ['gAMA', 4],
  ['cHRM', 32],
]);

/** Color chunks come before the pixels, section 5.6. */
function readColorChunks(bytes: Buffer): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  for (let offset = SIGNATURE_LENGTH; offset + CHUNK_OVERHEAD <= bytes.length;) {
    const length = bytes.readUInt32BE(offset);
    const type = bytes.toString('latin1', offset + 4, offset + 8);
    const data = offset + 8;
    if (type === 'IDAT') break;
    const isExpected = LENGTHS.has(type) && (LENGTHS.get(type) ?? length) === length;
    if (isExpected && data + length <= bytes.length && !chunks.has(type)) {
      chunks.set(type, bytes.subarray(data, data + length));
    }
    offset += CHUNK_OVERHEAD + length;
  }
  return chunks;
}

/** Section 11.3.2.1. */
function readChromaticities(chunk: Buffer): NonNullable<ColorDescription['chromaticities']> {
  const point = (i: number): Chromaticity => [
    chunk.readUInt32BE(8 * i) / UNIT,
    chunk.readUInt32BE(8 * i + 4) / UNIT,
  ];
  return { white: point(0), red: point(1), green: point(2), blue: point(3) };
}
