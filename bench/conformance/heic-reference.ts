/**
 * Decodes HEIC with libheif, and applies crop, rotation and mirroring itself, in the order in which the
 * file lists them. The result is a PNG with the file's color space, for Chromium to show.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { boxType, readHeif } from './heif.js';
import type { Picture } from './picture.js';
import { cICP, encodePng, iCCP, RGBA } from './png.js';

/** heif_image.h: heif_colorspace_RGB, heif_chroma_interleaved_RGBA, heif_channel_interleaved. */
const RGB = 1;
const INTERLEAVED_RGBA = 11;
const INTERLEAVED = 10;

/** The functions of libheif-js that are used here: pointers are numbers, results go through pointers. */
interface Libheif {
  HEAPU8: Uint8Array;
  HEAPU32: Uint32Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _heif_context_alloc(): number;
  _heif_context_free(context: number): void;
  _heif_context_read_from_memory(...pointers: number[]): void;
  _heif_context_get_primary_image_handle(...pointers: number[]): void;
  _heif_decoding_options_alloc(): number;
  _heif_decode_image(...pointers: number[]): void;
  _heif_image_get_width(image: number, channel: number): number;
  _heif_image_get_height(image: number, channel: number): number;
  _heif_image_get_plane_readonly(image: number, channel: number, stride: number): number;
  _heif_image_handle_is_premultiplied_alpha(handle: number): number;
  _heif_image_release(image: number): void;
  _heif_image_handle_release(handle: number): void;
}

let libheif: Libheif | undefined;

function loadLibheif(root: string): Libheif {
  const load = createRequire(join(root, 'functions', 'package.json'));
  return (libheif ??= load('libheif-js/wasm-bundle') as Libheif);
}

/** @returns the primary image as stored: not cropped, rotated or mirrored */
function decodeStored(root: string, file: Buffer): Picture {
  const heif = loadLibheif(root);
  const result = heif._malloc(16);
  const word = () => heif.HEAPU32[(result + 12) >>> 2] as number;
  const check = (call: () => void) => {
    call();
    const [code, subcode] = heif.HEAPU32.subarray(result >>> 2, (result >>> 2) + 2);
    if (code !== 0) throw new Error(`libheif error ${code}.${subcode}`);
  };
  const context = heif._heif_context_alloc();
  const bytes = heif._malloc(file.length);
  heif.HEAPU8.set(file, bytes);
  check(() => heif._heif_context_read_from_memory(result, context, bytes, file.length, 0));
  check(() => heif._heif_context_get_primary_image_handle(result, context, result + 12));
  const handle = word();
  const options = heif._heif_decoding_options_alloc();
  // heif_decoding_options: a version, then ignore_transformations.
  heif.HEAPU8[options + 1] = 1;
  check(() => heif._heif_decode_image(result, handle, result + 12, RGB, INTERLEAVED_RGBA, options));
  const image = word();
  const width = heif._heif_image_get_width(image, INTERLEAVED);
  const height = heif._heif_image_get_height(image, INTERLEAVED);
  const plane = heif._heif_image_get_plane_readonly(image, INTERLEAVED, result + 12);
  const stride = word();
  const isPremultiplied = heif._heif_image_handle_is_premultiplied_alpha(handle) !== 0;
  const data = new Uint16Array(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    const at = plane + Math.floor(i / width) * stride + (i % width) * 4;
    const pixel = heif.HEAPU8.subarray(at, at + 4);
    const alpha = pixel[3] as number;
    for (let c = 0; c < 4; c++) {
      const level = pixel[c] as number;
      const isDivided = isPremultiplied && c < 3 && alpha > 0;
      data[i * 4 + c] = isDivided
        ? Math.min(65_535, Math.round((level * 65_535) / alpha))
        : level * 257;
    }
  }
  heif._heif_image_release(image);
  heif._heif_image_handle_release(handle);
  heif._heif_context_free(context);
  heif._free(bytes);
  heif._free(result);
  return { width, height, data };
}

/** Reads each pixel of the result from the source. */
function rearrange(
  source: Picture,
  width: number,
  height: number,
  from: (x: number, y: number) => readonly [x: number, y: number],
): Picture {
  const data = new Uint16Array(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = from(i % width, Math.floor(i / width));
    const at = (y * source.width + x) * 4;
    data.set(source.data.subarray(at, at + 4), i * 4);
  }
  return { width, height, data };
}

/** ISO/IEC 23008-12 sections 6.5.10 (irot) and 6.5.12 (imir); ISO/IEC 14496-12 section 12.1.4 (clap). */
function applyProperty(picture: Picture, property: Buffer): Picture {
  const { width, height } = picture;
  const value = property[8] as number;
  switch (boxType(property)) {
    case 'irot':
      return turn(picture, value & 3);
    case 'imir':
      return (value & 1) === 1
        ? rearrange(picture, width, height, (x, y) => [width - 1 - x, y])
        : rearrange(picture, width, height, (x, y) => [x, height - 1 - y]);
    case 'clap': {
      const ratio = (at: number) => property.readInt32BE(at) / property.readUInt32BE(at + 4);
      const [cropWidth, cropHeight] = [Math.round(ratio(8)), Math.round(ratio(16))];
      const left = Math.round(ratio(24) + (width - cropWidth) / 2);
      const top = Math.round(ratio(32) + (height - cropHeight) / 2);
      return rearrange(picture, cropWidth, cropHeight, (x, y) => [x + left, y + top]);
    }
    default:
      return picture;
  }
}

/** Counterclockwise, by quarters. */
function turn(picture: Picture, quarters: number): Picture {
  if (quarters === 0) return picture;
  const { width, height } = picture;
  const once = rearrange(picture, height, width, (x, y) => [width - 1 - y, x]);
  return turn(once, quarters - 1);
}

/** @param root the repository */
export function heicAsPng(root: string, file: Buffer): Buffer {
  const { items, primary } = readHeif(file);
  const properties = items[primary - 1]?.properties ?? [];
  const picture = properties.reduce(applyProperty, decodeStored(root, file));
  return encodePng(picture, { colorType: RGBA, bitDepth: 16, chunks: colorChunks(properties) });
}

/** Transfer functions of video, and none: Chromium shows AVIF files with them like those with that of sRGB. */
const LIKE_SRGB = new Set([1, 2, 6, 14, 15]);

/** A profile takes precedence; a color space that the numbers leave open (2) is sRGB. */
function colorChunks(properties: readonly Buffer[]): Buffer[] {
  const boxes = properties.filter((one) => boxType(one) === 'colr');
  const typeOf = (one: Buffer) => one.toString('latin1', 8, 12);
  const profile = boxes.find((one) => ['prof', 'rICC'].includes(typeOf(one)));
  if (profile) return [iCCP(profile.subarray(12))];
  const numbers = boxes.find((one) => typeOf(one) === 'nclx');
  if (!numbers) return [];
  const [primaries, transfer] = [numbers.readUInt16BE(12), numbers.readUInt16BE(14)];
  if (primaries === 2 && transfer === 2) return [];
  return [cICP(primaries === 2 ? 1 : primaries, LIKE_SRGB.has(transfer) ? 13 : transfer)];
}
