/** Detects the type of an image by its bytes: browsers derive the declared type from the file's name. */

/** Bytes that are looked at. */
const HEAD = 256;
/** Brands of HEIF files with AV1 and with HEVC: AVIF specification, ISO/IEC 23008-12 annex B. */
const BRANDS: readonly (readonly [RegExp, string])[] = [
  [/^avi[fs]/, 'image/avif'],
  [/^he[iv][cxms]|^m[is]f1|^miaf/, 'image/heic'],
];

/**
 * Detects the type of an image by its first 256 bytes, whatever the blob's own type says.
 *
 * @returns the media type, such as `image/heic`; undefined when the bytes are not those of a JPEG, PNG, WebP, GIF,
 *   AVIF, HEIC or TIFF file, or can't be read: a folder that was dropped, a file that has been moved
 */
export async function imageType(blob: Blob): Promise<string | undefined> {
  const head = await blob
    .slice(0, HEAD)
    .arrayBuffer()
    .catch(() => new ArrayBuffer());
  const bytes = new Uint8Array(head);
  const text = String.fromCharCode(...bytes);
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (/^GIF8[79]a/.test(text)) return 'image/gif';
  if (/^RIFF[^]{4}WEBPVP/.test(text)) return 'image/webp';
  if (/^(?:II\*\0|MM\0\*)/.test(text)) return 'image/tiff';
  if (text.slice(4, 8) !== 'ftyp') return undefined;
  // ISO/IEC 14496-12 section 4.3: the size of the box, its type, the major brand, its version, further brands.
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  const end = Math.min(((a * 256 + b) * 256 + c) * 256 + d, text.length);
  const brands = [text.slice(8, 12)];
  for (let offset = 16; offset + 4 <= end; offset += 4) brands.push(text.slice(offset, offset + 4));
  return BRANDS.find(([pattern]) => brands.some((brand) => pattern.test(brand)))?.[1];
}
