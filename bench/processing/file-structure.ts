/** The parts that image files consist of: chunks of PNG, segments of JPEG, sub-blocks of GIF, chunks of WebP. */
import { crc32 } from 'node:zlib';
import { le32, text, u16, u32 } from './fields.js';

/** Length, type, contents, checksum: PNG (third edition) section 5.3. */
export function chunk(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat([text(type), ...parts]);
  return Buffer.concat([u32(body.length - 4), body, u32(crc32(body))]);
}

/** Adam7 passes: first column, first row, column step, row step. PNG (third edition) section 8.1. */
export const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Puts samples of at most 8 bits together, the first in the highest bits; PNG section 7.2, TIFF 6.0 section 4. */
export function packBits(samples: readonly number[], bitDepth: number): Buffer {
  const perByte = 8 / bitDepth;
  const bytes = Buffer.alloc(Math.ceil(samples.length / perByte));
  for (const [i, sample] of samples.entries()) {
    const byte = Math.floor(i / perByte);
    bytes[byte] = (bytes[byte] as number) | (sample << (8 - bitDepth * ((i % perByte) + 1)));
  }
  return bytes;
}

/** ISO/IEC 10918-1 section B.1.1.4: marker, length, contents. */
export function segment(marker: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([0xff, marker]), u16(body.length + 2), body]);
}

/** Blocks of at most 255 bytes, then an empty block: GIF89a section 15. */
export function subBlocks(data: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let start = 0; start < data.length; start += 255) {
    const block = data.subarray(start, start + 255);
    blocks.push(Buffer.from([block.length]), block);
  }
  return Buffer.concat([...blocks, Buffer.from([0])]);
}

/** A chunk of RIFF: type, length, contents, padded to an even length; RFC 9649 section 2.3. */
export function riff(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([text(type), le32(body.length), body, Buffer.alloc(body.length % 2)]);
}
