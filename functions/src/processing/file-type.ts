/** What a file is, by its first bytes. What the upload claims to be does not matter. */

/** `heif` is AVIF or HEIC: which one, the codec inside says. */
export type Kind = 'jpeg' | 'png' | 'webp' | 'gif' | 'heif' | 'tiff';

const at = (bytes: Buffer, offset: number, text: string) =>
  bytes.subarray(offset, offset + text.length).toString('latin1') === text;

/** The signatures of the WHATWG MIME Sniffing Standard, section 6.1, and what it does not know. */
const SIGNATURES = {
  jpeg: (bytes) => at(bytes, 0, '\xff\xd8\xff'),
  png: (bytes) => at(bytes, 0, '\x89PNG\r\n\x1a\n'),
  gif: (bytes) => at(bytes, 0, 'GIF87a') || at(bytes, 0, 'GIF89a'),
  webp: (bytes) => at(bytes, 0, 'RIFF') && at(bytes, 8, 'WEBPVP'),
  heif: (bytes) => at(bytes, 4, 'ftyp') && brands(bytes).some((brand) => HEIF_BRANDS.has(brand)),
  tiff: (bytes) => at(bytes, 0, 'II*\0') || at(bytes, 0, 'MM\0*'),
} as const satisfies Record<Kind, (bytes: Buffer) => boolean>;

/** Brands of still images and image sequences, ISO/IEC 23008-12 annex B and the AVIF specification. */
const HEIF_BRANDS = new Set(
  'mif1 msf1 avif avis heic heix heim heis hevc hevx hevm hevs'.split(' '),
);

/** The brands that an ISO base media file names, ISO/IEC 14496-12 section 4.3. */
function brands(bytes: Buffer): string[] {
  const end = Math.min(bytes.readUInt32BE(0), bytes.length, 256);
  const found = [bytes.subarray(8, 12)];
  for (let offset = 16; offset + 4 <= end; offset += 4) {
    found.push(bytes.subarray(offset, offset + 4));
  }
  return found.map((brand) => brand.toString('latin1'));
}

/** @returns undefined for what is no image or none of these */
export function kindOf(bytes: Buffer): Kind | undefined {
  return (Object.keys(SIGNATURES) as Kind[]).find((kind) => SIGNATURES[kind](bytes));
}
