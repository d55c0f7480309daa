/** The parameter WATERMARK: which object is drawn over variants with `:watermark`, and how. */

/** Where a watermark is drawn: sharp's names. */
const GRAVITIES = [
  'center',
  'north',
  'northeast',
  'east',
  'southeast',
  'south',
  'southwest',
  'west',
  'northwest',
] as const;
export type WatermarkGravity = (typeof GRAVITIES)[number];

export interface WatermarkSettings {
  /** Name of an object in the bucket of the originals, at most MAX_WATERMARK_BYTES. */
  object: string;
  /** Absent: repeated over the whole rendition. */
  gravity?: WatermarkGravity;
  /** Its width as a part of the rendition's, above 0 up to 1. */
  scale: number;
  /** Above 0 up to 1. */
  opacity: number;
}

/** Bytes. Each instance that processes images holds it in memory. */
export const MAX_WATERMARK_BYTES = 5_000_000;

export const WATERMARK_GRAMMAR = 'OBJECT or OBJECT?gravity=southeast&scale=0.25&opacity=0.5';

const OPTIONS = ['gravity', 'scale', 'opacity'];

/**
 * @param text `watermarks/logo.png?gravity=southeast&scale=0.25&opacity=0.5`
 * @returns what was expected, when it is not that
 */
export function parseWatermark(text: string): WatermarkSettings | string {
  const [object = '', query = '', ...rest] = text.split('?');
  if (object === '' || object.length > 500 || rest.length > 0) return WATERMARK_GRAMMAR;
  const options = new URLSearchParams(query);
  const keys = [...options.keys()];
  if (keys.some((key, at) => !OPTIONS.includes(key) || keys.indexOf(key) < at)) {
    return `each of ${OPTIONS.join(', ')} at most once, and nothing else, behind the question mark`;
  }
  const gravity = options.get('gravity') ?? 'southeast';
  const [scale, opacity] = [
    part(options.get('scale') ?? '0.25'),
    part(options.get('opacity') ?? '0.5'),
  ];
  if (!isGravity(gravity) && gravity !== 'tile') return `gravity=${GRAVITIES.join(', ')} or tile`;
  if (!(scale > 0)) return 'scale=NUMBER above 0 up to 1, with at most four decimals';
  if (!(opacity > 0)) return 'opacity=NUMBER above 0 up to 1, with at most four decimals';
  return { object, ...(gravity !== 'tile' && { gravity }), scale, opacity };
}

/** @returns NaN for anything but a decimal up to 1 */
function part(text: string): number {
  return /^(?:1|[01]?[.][0-9]{1,4})$/.test(text) && Number(text) <= 1 ? Number(text) : NaN;
}

function isGravity(text: string): text is WatermarkGravity {
  return (GRAVITIES as readonly string[]).includes(text);
}
