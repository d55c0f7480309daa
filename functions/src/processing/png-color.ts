/** Reads the color chunks of a PNG. */
import type { Chromaticities, Chromaticity, ColorDescription } from './color-description.js';
import { dataOf, readProfile, visitChunks } from './png-chunks.js';

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
  const profile = chunks.get('iCCP');
  const icc = profile && readProfile(profile);
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
  visitChunks(bytes, (type, start) => {
    if (!LENGTHS.has(type) || chunks.has(type)) return;
    const data = dataOf(bytes, start);
    if ((LENGTHS.get(type) ?? data.length) === data.length) chunks.set(type, data);
  });
  return chunks;
}

/** Section 11.3.2.1. */
function readChromaticities(chunk: Buffer): Chromaticities {
  const point = (i: number): Chromaticity => [
    chunk.readUInt32BE(8 * i) / UNIT,
    chunk.readUInt32BE(8 * i + 4) / UNIT,
  ];
  return { white: point(0), red: point(1), green: point(2), blue: point(3) };
}
