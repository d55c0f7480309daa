/** The parameters that determine which renditions an image has, and which of them are public: see parameter-table.ts. */
import { AUTO, COMMON_FORMATS } from '../domain/format.js';
import { MAX_WIDTH, MAX_WIDTHS, MIN_WIDTH } from '../domain/widths.js';
import { VARIANT_GRAMMAR } from '../domain/variant-grammar.js';
import { MAX_QUALITY, MIN_QUALITY } from '../domain/variant.js';
import { WATERMARK_GRAMMAR } from '../domain/watermark.js';
import { ADVANCED_BOOLEAN, VARIANT } from './parameter-kinds.js';
import type { Parameter } from './parameter.js';

export const RENDITION_PARAMETERS = {
  VARIANTS: {
    label: 'Variants',
    description:
      'Comma-separated list of named sizes in pixels: `name:WIDTH`, `name:WIDTHxHEIGHT` (fits inside the box) or ' +
      '`name:WIDTHxHEIGHT:cover` (fills the box and crops around the center). `name:WIDTHxHEIGHT:cover:attention` ' +
      "chooses the crop with sharp's attention strategy, `:cover:focal` crops around the point that the upload states; `:contain` " +
      'adds bars. Options such as `:jpeg:300kB`, `:png`, `:gray`, `:blur=20` and `:watermark` may follow. Images are never enlarged.',
    type: 'list',
    default: 'thumb:200x200:cover,w400:400,w800:800,w1600:1600,og:1200x630:cover:jpeg:300kB',
    example: 'avatar:96x96:cover:attention,w1200:1200',
    expected: VARIANT_GRAMMAR,
    pattern: `^${VARIANT}(,${VARIANT})*$`,
    availableIn: 'both',
  },
  PUBLIC_VARIANTS: {
    label: 'Public variants',
    description:
      'Comma-separated names of the variants that the URLs of an image show by default; the others are shown only by shares. ' +
      'If empty, all variants; but if VARIANTS has blurred or watermarked ones, only those.',
    type: 'list',
    default: '',
    defaultText: 'all variants, or only the blurred and watermarked ones',
    example: 'thumb,w400',
    expected: 'names of VARIANTS',
    pattern: '^([A-Za-z0-9_-]{1,40}(,[A-Za-z0-9_-]{1,40})*)?$',
    advanced: true,
    availableIn: 'both',
  },
  WIDTHS: {
    label: 'Widths on demand',
    description:
      'Comma-separated list of widths in pixels. A request with `?w=` gets the next one of them, in the format that it asks for. It is made ' +
      'once, of a larger rendition, when it is first requested; that request gets the nearest existing size. Nothing wider than the widest of ' +
      'VARIANTS is made. If empty, `?w=` selects one of VARIANTS.',
    type: 'list',
    default: '',
    defaultText: 'none',
    initial: '160,240,320,480,640,960,1280,1920,2560',
    example: '320,640,1280',
    expected: `at most ${MAX_WIDTHS} whole numbers from ${MIN_WIDTH} to ${MAX_WIDTH}`,
    pattern: '^([1-9][0-9]{1,4}(,[1-9][0-9]{1,4})*)?$',
    availableIn: 'both',
  },
  WATERMARK: {
    label: 'Watermark',
    description:
      'Object of the bucket of originals that is drawn over variants with `:watermark`, such as a transparent PNG of at most 5 MB: ' +
      "`OBJECT?gravity=southeast&scale=0.25&opacity=0.5`. `scale` is its width as a part of the rendition's, `gravity` also `tile`. " +
      'Clients must not be able to write it.',
    type: 'string',
    default: '',
    defaultText: 'none',
    example: 'watermarks/logo.png?gravity=southeast&scale=0.25&opacity=0.5',
    expected: WATERMARK_GRAMMAR,
    pattern: '^([^?]{1,500}([?][a-z0-9=.&]{1,60})?)?$',
    advanced: true,
    availableIn: 'both',
  },
  FORMATS: {
    label: 'Formats',
    description:
      'Image formats of every variant. `serve` returns the one that the browser prefers. AVIF files are the smallest and ' +
      'take the longest to encode. `auto`, which stands alone, gives each image the one format that suits it: JPEG to opaque ' +
      'photos, WebP to screenshots, drawings, and transparent and animated images.',
    type: 'list',
    default: 'webp,jpeg',
    initial: 'auto',
    example: 'avif,webp,jpeg',
    expected: `${AUTO}, or one or more of ${COMMON_FORMATS.join(', ')}`,
    options: [
      { label: 'Automatic', value: AUTO },
      { label: 'WebP', value: 'webp' },
      { label: 'JPEG', value: 'jpeg' },
      { label: 'AVIF', value: 'avif' },
    ],
    availableIn: 'both',
  },
  QUALITY: {
    label: 'Quality',
    description:
      'How close renditions come to the original, in points of SSIMULACRA2: 60 is medium, 70 high, 80 very high quality, and at ' +
      '90 no difference is visible. Each format and size gets the encoder settings that reach the target. If empty, the ' +
      'encoder settings are those of version 0.1.0, which are the same for all sizes.',
    type: 'string',
    default: '',
    defaultText: 'the encoder settings of version 0.1.0',
    initial: '70',
    example: '80',
    expected: `a whole number of points from ${MIN_QUALITY} to ${MAX_QUALITY}, or nothing`,
    pattern: '^([6-8][0-9]|90)?$',
    availableIn: 'both',
  },
  COLOR_SPACE: {
    label: 'Color space',
    description:
      'Color space of renditions. `p3` keeps the colors of originals that have some beyond sRGB, such as photos of phones, in ' +
      'Display P3, up to the most saturated that it has. Their profile takes up to 520 bytes in each file. Variants that are ' +
      'blurred, gray, have bars, a watermark or a byte limit stay in sRGB, and so do all renditions of other originals.',
    type: 'string',
    default: 'srgb',
    example: 'p3',
    expected: 'srgb or p3',
    pattern: '^(srgb|p3)$',
    options: [
      { label: 'sRGB', value: 'srgb' },
      { label: 'Display P3', value: 'p3' },
    ],
    advanced: true,
    availableIn: 'both',
  },
  KEEP_GAIN_MAP: {
    label: 'Keep HDR gain maps',
    description:
      'Whether JPEG renditions of Ultra HDR photos (JPEG with a gain map, ISO 21496-1) are brighter on HDR displays, as the ' +
      'photos are. They have the gain map, resized with the picture; cropped and altered variants, those with a byte limit, and other ' +
      'formats have none.',
    ...ADVANCED_BOOLEAN,
    default: 'false',
    example: 'true',
  },
} as const satisfies Record<string, Parameter>;
