/** Encodes small images as PNG, without compression. */

/** Rows from the top; 8 bits a sample. */
export interface Pixels {
  width: number;
  height: number;
  /** Samples a pixel: 3 for RGB, 4 for RGBA. */
  samples: 3 | 4;
  data: Uint8Array | Uint8ClampedArray;
}

/** Bytes of a stored block of DEFLATE (RFC 1951 section 3.2.4). */
const MAX_STORED = 65_535;

/**
 * Encodes an image as PNG: https://www.w3.org/TR/png-3/
 *
 * @throws RangeError when its rows have more than 65,535 bytes
 */
export function encodePng({ width, height, samples, data }: Pixels): number[] {
  const raw: number[] = [];
  for (let y = 0; y < height; y++) {
    // 0: the row is not filtered.
    raw.push(0, ...data.subarray(y * width * samples, (y + 1) * width * samples));
  }
  if (raw.length > MAX_STORED) throw new RangeError('Expected an image of at most 64 KiB');
  let a = 1;
  let b = 0;
  for (const byte of raw) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  const length = [raw.length & 255, raw.length >> 8];
  // RFC 1950: header, one stored block, Adler-32.
  const stored = [0x78, 1, 1, ...length, ...length.map((byte) => byte ^ 255), ...raw];
  return [
    ...charCodes('\x89PNG\r\n\x1a\n'),
    ...chunk('IHDR', [...bytesOf(width), ...bytesOf(height), 8, samples === 4 ? 6 : 2, 0, 0, 0]),
    ...chunk('IDAT', [...stored, b >> 8, b & 255, a >> 8, a & 255]),
    ...chunk('IEND', []),
  ];
}

function chunk(type: string, data: number[]): number[] {
  const content = [...charCodes(type), ...data];
  let crc = -1;
  for (const byte of content) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return [...bytesOf(data.length), ...content, ...bytesOf(~crc)];
}

/** The bytes of a text in Latin-1. */
export function charCodes(text: string): number[] {
  return Array.from(text, (char) => char.charCodeAt(0));
}

/** Four bytes, most significant first. */
function bytesOf(value: number): number[] {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
}
