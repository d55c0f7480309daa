/** Colour profiles -> sRGB. */
import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import type { RawImage } from './raw-image.js';
import { toImageFailure, orTooMuch, own } from './vips.js';

/**
 * Converts pixels after they were made small: the same conversion before that would touch up to four
 * times as many. What lies outside sRGB is clipped then, and not before the pixels were averaged: a
 * difference that is seen on edges between two such colours only (a test bounds it).
 * @param raw in the profile's colours
 * @param profile ICC, of RGB colours
 */
export async function toSrgb(raw: RawImage, profile: Buffer): Promise<RawImage> {
  return (await isSrgb(profile)) ? raw : convert(raw, profile);
}

async function convert(raw: RawImage, profile: Buffer): Promise<RawImage> {
  const { width, height, channels, frames } = raw;
  // PNG is how pixels and a profile get into libvips together; nothing is compressed.
  const pixels = own(raw.data, { raw: { width, height: height * frames, channels } });
  const png = await orTooMuch(
    pixels.png({ compressionLevel: 0, adaptiveFiltering: false }).toBuffer(),
  );
  const converted = own(withProfile(png, profile)).toColourspace('srgb').raw();
  return { ...raw, data: await toImageFailure(converted.toBuffer(), 'damaged-image') };
}

/** Levels of 255 that a conversion to sRGB may change a colour by and still be called none. */
const SAME = 1;

/** A cube of 6 x 6 x 6 colours, as a picture. */
const CUBE = Buffer.from(
  Array.from({ length: 216 }, (_, i) => [Math.floor(i / 36), Math.floor(i / 6) % 6, i % 6])
    .flat()
    .map((step) => step * 51),
);

/** Cameras and editors name sRGB by many profiles: what one does to colours tells, not its name. */
async function isSrgb(profile: Buffer): Promise<boolean> {
  const key = createHash('sha256').update(profile).digest('base64');
  const known = judged.get(key);
  if (known !== undefined) return known;
  const cube: RawImage = { data: CUBE, width: 216, height: 1, channels: 3, frames: 1 };
  const { data } = await convert(cube, profile);
  const isSame = data.every((level, i) => Math.abs(level - (CUBE[i] as number)) <= SAME);
  // A few profiles are in nearly all photos; strangers' own must not fill the memory.
  if (judged.size < 100) judged.set(key, isSame);
  return isSame;
}

const judged = new Map<string, boolean>();

/** Display P3's profile, for files that name it by a number only. */
export function displayP3(): Promise<Buffer> {
  return (p3 ??= readP3());
}

let p3: Promise<Buffer> | undefined;

/** sharp has the profile and gives it into files only. */
async function readP3(): Promise<Buffer> {
  const dot = own(Buffer.alloc(3), { raw: { width: 1, height: 1, channels: 3 } });
  const { icc } = await own(await dot.withIccProfile('p3').png().toBuffer()).metadata();
  return icc as Buffer;
}

/** Signature and IHDR, PNG (third edition) sections 5.2 and 11.2.1; iCCP may follow at once. */
const PNG_START = 8 + 25;

/** Puts an iCCP chunk into a PNG, section 11.3.2.3. */
function withProfile(png: Buffer, profile: Buffer): Buffer {
  // A name, its end, and method 0, deflate.
  const body = Buffer.concat([Buffer.from('iCCPicc\0\0'), deflateSync(profile, { level: 1 })]);
  const chunk = Buffer.alloc(4 + body.length + 4);
  chunk.writeUInt32BE(body.length - 4, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), 4 + body.length);
  return Buffer.concat([png.subarray(0, PNG_START), chunk, png.subarray(PNG_START)]);
}
