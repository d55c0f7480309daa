/** Detects a file's type by its first bytes. The upload's content type is ignored. */
import { codeAt, hasText } from './text.js';

/** `heif` is AVIF or HEIC; which one depends on the codec inside. */
export type FileType = 'jpeg' | 'png' | 'webp' | 'gif' | 'heif' | 'tiff';

const isCutOr = (bytes: Buffer, offset: number, text: string) =>
  bytes.length < offset + text.length || hasText(bytes, offset, text);

/** Signatures of the WHATWG MIME Sniffing Standard, section 6.1; it does not list HEIF and TIFF. */
const SIGNATURES = {
  // The standard stops here; a marker of ITU-T T.81, table B.1, must follow.
  jpeg: (bytes) => hasText(bytes, 0, '\xff\xd8\xff') && (bytes[3] ?? 0xff) >= 0xc0,
  // IHDR is the first chunk, unless the file ends before.
  png: (bytes) => hasText(bytes, 0, '\x89PNG\r\n\x1a\n') && isCutOr(bytes, 12, 'IHDR'),
  gif: (bytes) => hasText(bytes, 0, 'GIF87a') || hasText(bytes, 0, 'GIF89a'),
  webp: (bytes) => hasText(bytes, 0, 'RIFF') && hasText(bytes, 8, 'WEBPVP'),
  heif: (bytes) =>
    hasText(bytes, 4, 'ftyp') && readBrands(bytes).some((brand) => HEIF_BRANDS.has(brand)),
  tiff: (bytes) => hasText(bytes, 0, 'II*\0') || hasText(bytes, 0, 'MM\0*'),
} as const satisfies Record<FileType, (bytes: Buffer) => boolean>;

/** Brands of still images and image sequences, ISO/IEC 23008-12 annex B and the AVIF specification. */
const HEIF_BRANDS = new Set(
  'mif1 mif2 msf1 miaf avif avis heic heix heim heis hevc hevx hevm hevs'.split(' '),
);

/** Reads the brands of an ISO base media file, ISO/IEC 14496-12 section 4.3. */
function readBrands(bytes: Buffer): string[] {
  const end = Math.min(bytes.readUInt32BE(0), bytes.length, 256);
  const brands = [codeAt(bytes, 8)];
  for (let offset = 16; offset + 4 <= end; offset += 4) brands.push(codeAt(bytes, offset));
  return brands;
}

/** @returns undefined for any other type of file */
export function detectFileType(bytes: Buffer): FileType | undefined {
  return (Object.keys(SIGNATURES) as FileType[]).find((type) => SIGNATURES[type](bytes));
}
