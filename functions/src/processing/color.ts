/** Converts pixels from a color profile to sRGB. */
import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import type { RawImage } from './raw-image.js';
import { openTrustedImage, toImageFailure, toMemoryFailure } from './vips.js';

/**
 * Converts already resized pixels: before the resize, up to four times as many pixels would be
 * converted. The averaging of a resize thus sees colors outside sRGB before they are clipped, which
 * changes only edges between two such colors (color.test.ts bounds the difference).
 * @param image pixels in the profile's color space
 * @param profile ICC profile of an RGB color space
 * @returns the same object when the profile is sRGB
 * @throws ImageFailure when libvips rejects the profile or memory runs out
 */
export async function toSrgb(image: RawImage, profile: Buffer): Promise<RawImage> {
  return (await isSrgb(profile)) ? image : convert(image, profile);
}

async function convert(image: RawImage, profile: Buffer): Promise<RawImage> {
  const { width, height, channels, frames } = image;
  // sharp reads a profile only from a file, so the pixels go through an uncompressed PNG.
  const pixels = openTrustedImage(image.data, {
    raw: { width, height: height * frames, channels },
  });
  const png = await toMemoryFailure(
    pixels.png({ compressionLevel: 0, adaptiveFiltering: false }).toBuffer(),
  );
  const converted = openTrustedImage(insertProfile(png, profile)).toColourspace('srgb').raw();
  return { ...image, data: await toImageFailure(converted.toBuffer(), 'damaged-image') };
}

/** A profile that changes no color by more than this many levels of 255 counts as sRGB. */
const SRGB_TOLERANCE = 1;

/** A cube of 6 x 6 x 6 colors, as RGB pixels. */
const COLOR_CUBE = Buffer.from(
  Array.from({ length: 216 }, (_, i) => [Math.floor(i / 36), Math.floor(i / 6) % 6, i % 6])
    .flat()
    .map((step) => step * 51),
);

/** sRGB profiles have many names and variants, so this compares colors, not names. */
async function isSrgb(profile: Buffer): Promise<boolean> {
  const key = createHash('sha256').update(profile).digest('base64');
  const cached = srgbProfiles.get(key);
  if (cached !== undefined) return cached;
  const cube: RawImage = { data: COLOR_CUBE, width: 216, height: 1, channels: 3, frames: 1 };
  const { data } = await convert(cube, profile);
  const isSame = data.every(
    (level, i) => Math.abs(level - (COLOR_CUBE[i] as number)) <= SRGB_TOLERANCE,
  );
  // Nearly all photos share a few profiles; the limit keeps uploads from filling the memory.
  if (srgbProfiles.size < MAX_CACHED_PROFILES) srgbProfiles.set(key, isSame);
  return isSame;
}

const MAX_CACHED_PROFILES = 100;

/** SHA-256 of a profile (base64) -> whether it is sRGB. */
const srgbProfiles = new Map<string, boolean>();

/** Returns the ICC profile of Display P3, for files that name the color space by number only. */
export function displayP3(): Promise<Buffer> {
  return (displayP3Profile ??= readDisplayP3());
}

let displayP3Profile: Promise<Buffer> | undefined;

/** sharp has the profile but only writes it into files, so this reads it back from one. */
async function readDisplayP3(): Promise<Buffer> {
  const pixel = openTrustedImage(Buffer.alloc(3), { raw: { width: 1, height: 1, channels: 3 } });
  const png = await pixel.withIccProfile('p3').png().toBuffer();
  const { icc } = await openTrustedImage(png).metadata();
  return icc as Buffer;
}

/** Length of signature and IHDR, PNG (third edition) sections 5.2 and 11.2.1; iCCP may follow. */
const PNG_HEADER_LENGTH = 8 + 25;

/** Inserts an iCCP chunk into a PNG, PNG (third edition) section 11.3.2.3. */
function insertProfile(png: Buffer, profile: Buffer): Buffer {
  // Chunk type, profile name with its null terminator, compression method 0 (deflate).
  const body = Buffer.concat([Buffer.from('iCCPicc\0\0'), deflateSync(profile, { level: 1 })]);
  const chunk = Buffer.alloc(4 + body.length + 4);
  chunk.writeUInt32BE(body.length - 4, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), 4 + body.length);
  return Buffer.concat([
    png.subarray(0, PNG_HEADER_LENGTH),
    chunk,
    png.subarray(PNG_HEADER_LENGTH),
  ]);
}
