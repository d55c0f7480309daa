/** Names the format of a file that is not accepted, for the message to the owner of the image. */
import { codeAt, hasText } from './text.js';
import { ASCII, readFirstDirectory } from './tiff-directory.js';

/** A part of a signature: text, read as Latin-1, at an offset. */
type Pattern = readonly [offset: number, text: string];

/** The name of each format, and its alternative signatures: all patterns of one must match. */
const SIGNATURES: readonly (readonly [name: string, ...signatures: (readonly Pattern[])[]])[] = [
  // ISO/IEC 18181-2: the bare codestream and the box format.
  ['JPEG XL', [[0, '\xff\x0a']], [[0, '\0\0\0\x0cJXL \r\n\x87\n']]],
  // ISO/IEC 15444-1: the box format and the bare codestream.
  ['JPEG 2000', [[0, '\0\0\0\x0cjP  \r\n\x87\n']], [[0, '\xff\x4f\xff\x51']]],
  ['JPEG XR', [[0, 'II\xbc\x01']]],
  // Two letters also begin a text: the reserved fields of the file header must be 0.
  [
    'BMP',
    [
      [0, 'BM'],
      [6, '\0\0\0\0'],
      [15, '\0\0\0'],
    ],
  ],
  [
    'ICO',
    [
      [0, '\0\0\x01\0'],
      [5, '\0'],
    ],
  ],
  [
    'CUR',
    [
      [0, '\0\0\x02\0'],
      [5, '\0'],
    ],
  ],
  ['ICNS', [[0, 'icns']]],
  ['PSD', [[0, '8BPS']]],
  ['PDF', [[0, '%PDF-']]],
  ['PostScript', [[0, '%!PS']]],
  ['OpenEXR', [[0, 'v/1\x01']]],
  ['Radiance HDR', [[0, '#?RADIANCE']], [[0, '#?RGBE']]],
  ['QOI', [[0, 'qoif']]],
  ['DDS', [[0, 'DDS ']]],
  ['FLIF', [[0, 'FLIF']]],
  ['BPG', [[0, 'BPG\xfb']]],
  ['XCF', [[0, 'gimp xcf']]],
  ['MNG', [[0, '\x8aMNG\r\n\x1a\n']]],
  ['JNG', [[0, '\x8bJNG\r\n\x1a\n']]],
  ['BigTIFF', [[0, 'II+\0']], [[0, 'MM\0+']]],
  [
    'CR2 (camera RAW)',
    [
      [0, 'II*\0'],
      [8, 'CR'],
    ],
  ],
  ['RAF (camera RAW)', [[0, 'FUJIFILMCCD-RAW']]],
  ['RW2 (camera RAW)', [[0, 'IIU\0']]],
  ['ORF (camera RAW)', [[0, 'IIRO']], [[0, 'IIRS']], [[0, 'MMOR']]],
  ['X3F (camera RAW)', [[0, 'FOVb']]],
  ['MRW (camera RAW)', [[0, '\0MRM']]],
  ['CRW (camera RAW)', [[6, 'HEAPCCDR']]],
  [
    'AVI video',
    [
      [0, 'RIFF'],
      [8, 'AVI '],
    ],
  ],
  ['WebM or Matroska video', [[0, '\x1aE\xdf\xa3']]],
  ['Flash video', [[0, 'FLV\x01']]],
  ['WMV video', [[0, '0&\xb2u\x8ef\xcf\x11']]],
  ['Ogg', [[0, 'OggS']]],
  ['MPEG video', [[0, '\0\0\x01\xba']], [[0, '\0\0\x01\xb3']]],
  // Files of old cameras begin without `ftyp`.
  ['QuickTime video', [[4, 'moov']], [[4, 'mdat']], [[4, 'wide']]],
];

/** Major brands of ISO base media files, ISO/IEC 14496-12 section 4.3. */
const BRANDS: Record<string, string> = {
  'crx ': 'CR3 (camera RAW)',
  'qt  ': 'QuickTime video',
  'jp2 ': 'JPEG 2000',
  'jxl ': 'JPEG XL',
};

/** Beginnings of the major brands of videos. */
const VIDEO_BRANDS = ['iso', 'mp4', 'avc1', 'M4V', 'MSNV', '3gp', '3g2', 'dash', 'F4V', 'XAVC'];

/** @returns a name from a fixed list; undefined for a format that is not known, and for accepted ones */
export function detectForeignFormat(bytes: Buffer): string | undefined {
  const has = ([offset, text]: Pattern) => hasText(bytes, offset, text);
  const entry = SIGNATURES.find(([, ...signatures]) => signatures.some((all) => all.every(has)));
  if (entry) return entry[0];
  if (has([4, 'ftyp'])) return formatOfBrand(codeAt(bytes, 8));
  return detectTiffRaw(bytes) ?? (isSvg(bytes) ? 'SVG' : undefined);
}

function formatOfBrand(brand: string): string | undefined {
  if (Object.hasOwn(BRANDS, brand)) return BRANDS[brand];
  return VIDEO_BRANDS.some((start) => brand.startsWith(start)) ? 'MP4 video' : undefined;
}

/** How much of a file is read to find an SVG element, bytes. */
const SVG_BYTES = 1024;

/** Whether the first element is `svg`: after a byte order mark, spaces, the declaration, comments, a DOCTYPE. */
function isSvg(bytes: Buffer): boolean {
  const text = bytes.toString('utf8', 0, SVG_BYTES).replace(/^\uFEFF/, '');
  for (let at = 0; ;) {
    while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at++;
    const prolog = PROLOG.find(([start]) => text.startsWith(start, at));
    if (!prolog) return /^<(?:svg:)?svg[\s/>]/.test(text.slice(at, at + 12));
    const [start, stop] = prolog;
    // A DOCTYPE may declare entities in brackets; their declarations contain `>`.
    const subset = text.indexOf('[', at);
    const close = text.indexOf(stop, at + start.length);
    const hasSubset = start === '<!DOCTYPE' && subset >= 0 && subset < close;
    const end = hasSubset ? text.indexOf(']', subset) : close;
    if (end < 0) return start === '<!DOCTYPE' && /^<!DOCTYPE\s{1,9}svg\b/.test(text.slice(at));
    at = hasSubset ? text.indexOf('>', end) + 1 : end + stop.length;
    if (at === 0) return true;
  }
}

const PROLOG = [
  ['<?', '?>'],
  ['<!--', '-->'],
  ['<!DOCTYPE', '>'],
] as const;

/** Tags of TIFF 6.0 and its supplements. */
const SUBFILE_TYPE = 254;
const MAKE = 271;
const SUB_DIRECTORIES = 330;
const DNG_VERSION = 50_706;

/** Manufacturers of cameras, and the extension of the RAW files that are based on TIFF. */
const RAW_OF_MAKE: readonly (readonly [make: string, format: string])[] = [
  ['NIKON', 'NEF'],
  ['SONY', 'ARW'],
  ['PENTAX', 'PEF'],
  ['SAMSUNG', 'SRW'],
];

/**
 * Camera RAW files that are based on TIFF: the first directory is a reduced image, the photo is in a sub-directory.
 * Reads only the entries of the first directory.
 */
function detectTiffRaw(bytes: Buffer): string | undefined {
  let isReduced = false;
  let hasSubDirectories = false;
  let make = '';
  for (const { tag, type, long } of readFirstDirectory(bytes)) {
    if (tag === DNG_VERSION) return 'DNG (camera RAW)';
    if (tag === SUBFILE_TYPE) isReduced = long === 1;
    if (tag === SUB_DIRECTORIES) hasSubDirectories = true;
    if (tag === MAKE && type === ASCII) {
      make = bytes.toString('latin1', long, long + 16).toUpperCase();
    }
  }
  if (!isReduced || !hasSubDirectories) return undefined;
  const raw = RAW_OF_MAKE.find(([name]) => make.startsWith(name));
  return raw && `${raw[1]} (camera RAW)`;
}
