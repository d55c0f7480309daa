/** The grammar of one entry of VARIANTS, `thumb:200x200:cover`. docs/reference/urls.md describes it. */
import { MAX_EDGE, MAX_QUALITY, MIN_QUALITY, type Crop, type Variant } from './variant.js';

/** The least bits per pixel that a byte limit may leave: noise that is blurred by the last encoder setting has 0.7. */
const MIN_BITS_PER_PIXEL = 1;
/** Pixels. A larger deviation takes as long, and shows no more than a color. */
const MAX_BLUR = 100;
/** Characters; bounds the work that one entry causes. */
const MAX_LENGTH = 200;

export const VARIANT_GRAMMAR =
  'name:WIDTH or name:WIDTHxHEIGHT, behind a height maybe :inside, :cover, :cover:attention, :cover:focal or :contain, ' +
  'and then options such as :jpeg:300kB, :png, :quality=80, :gray, :blur=20, :background=ffffff or :watermark';

const FITS: readonly string[] = ['inside', 'cover', 'contain'] satisfies Variant['fit'][];
const CROPS: readonly string[] = ['centre', 'attention', 'focal'] satisfies Crop[];

/** @returns what an option sets, or what was expected */
type OptionReader = (value: string | undefined, variant: Variant) => Partial<Variant> | string;

const flag = (name: string, fields: Partial<Variant>): OptionReader => {
  return (value) => (value === undefined ? fields : `:${name} without a value`);
};

const OPTIONS: Readonly<Record<string, OptionReader>> = {
  png: flag('png', { format: 'png' }),
  gray: flag('gray', { grayscale: true }),
  watermark: flag('watermark', { watermark: true }),
  quality: (value) => {
    const quality = wholeNumber(value);
    const isValid = quality >= MIN_QUALITY && quality <= MAX_QUALITY;
    return isValid ? { quality } : `:quality=POINTS from ${MIN_QUALITY} to ${MAX_QUALITY}`;
  },
  blur: (value) => {
    const blur = wholeNumber(value);
    return blur >= 1 && blur <= MAX_BLUR ? { blur } : `:blur=PIXELS from 1 to ${MAX_BLUR}`;
  },
  background: (value = '', { fit }) => {
    if (fit !== 'contain') return ':background only with :contain';
    const isColor = /^(?:[0-9a-f]{6}|[0-9a-f]{8})$/.test(value);
    return isColor ? { background: value } : ':background=COLOR, such as ffffff or 00000000';
  },
};

/**
 * Parses one size rule.
 * @returns what is wrong, as a phrase that begins with what was expected
 */
export function parseVariant(text: string): Variant | string {
  if (text.length > MAX_LENGTH) return `at most ${MAX_LENGTH} characters`;
  const [name = '', size = '', ...rules] = text.split(':');
  if (!/^[A-Za-z0-9_-]{1,40}$/.test(name)) {
    return 'a name of 1 to 40 letters, digits, "-" or "_" before the first colon';
  }
  if (isReserved(name)) return `another name than ${name}, which is reserved`;
  const [, w, h] = /^(\d{1,5})(?:x(\d{1,5}))?$/.exec(size) ?? [];
  const [width, height] = [Number(w), h === undefined ? undefined : Number(h)];
  const isEdge = (edge: number) => edge >= 1 && edge <= MAX_EDGE;
  if (!isEdge(width) || (height !== undefined && !isEdge(height))) {
    return `${name}:WIDTH or ${name}:WIDTHxHEIGHT with pixels from 1 to ${MAX_EDGE}`;
  }
  const variant: Variant = { name, width, ...(height !== undefined && { height }), fit: 'inside' };
  const box = readFit(variant, rules);
  return typeof box === 'string' ? box : readOptions(box, rules);
}

/** Takes the fit and the crop from the front of the rules. */
function readFit(variant: Variant, rules: string[]): Variant | string {
  const { name, height } = variant;
  const [fit = ''] = rules;
  if (!FITS.includes(fit)) return variant;
  if (height === undefined) return `a height before :${fit}, as in ${name}:WIDTHxHEIGHT:${fit}`;
  rules.shift();
  const [crop = ''] = rules;
  const hasCrop = fit === 'cover' && CROPS.includes(crop);
  if (hasCrop) rules.shift();
  return {
    ...variant,
    fit: fit as Variant['fit'],
    // The hash of the settings has always had no crop for the center.
    ...(hasCrop && crop !== 'centre' && { crop: crop as Crop }),
  };
}

function readOptions(variant: Variant, rules: string[]): Variant | string {
  let result = variant;
  const found = new Set<string>();
  while (rules.length > 0) {
    const rule = rules.shift() ?? '';
    const [option = '', ...values] = rule.split('=');
    if (found.has(option)) return `:${option} once`;
    found.add(option);
    if (option === 'jpeg') {
      const limit = values.length > 0 ? 'a size behind :jpeg' : readLimit(result, rules.shift());
      if (typeof limit === 'string') return limit;
      result = { ...result, ...limit };
      continue;
    }
    const read = Object.hasOwn(OPTIONS, option) ? OPTIONS[option] : undefined;
    const fields = read?.(values.length > 0 ? values.join('=') : undefined, result);
    if (fields === undefined || typeof fields === 'string')
      return fields ?? unknownOption(variant, rule);
    result = { ...result, ...fields };
  }
  if (result.maxBytes !== undefined && result.format !== undefined) return 'either :jpeg or :png';
  return result;
}

function unknownOption({ fit, height }: Variant, rule: string): string {
  const fits = height === undefined ? [] : FITS.map((name) => `:${name}`);
  const crops = fit === 'cover' ? CROPS.map((crop) => `:${crop}`) : fits;
  const known = [...crops, ':jpeg:300kB', ...Object.keys(OPTIONS).map((name) => `:${name}`)];
  return `one of ${known.join(', ')} instead of ":${rule}"`;
}

/** Reads `300kB`, which needs a box: otherwise there is no bound of the pixels. */
function readLimit({ width, height }: Variant, text = ''): Partial<Variant> | string {
  if (height === undefined) return 'a height before :jpeg, as in name:WIDTHxHEIGHT:jpeg:300kB';
  const maxBytes = wholeNumber(/^(\d{1,5})kB$/.exec(text)?.[1]) * 1000;
  const minBytes = Math.max(1000, (width * height * MIN_BITS_PER_PIXEL) / 8);
  return maxBytes >= minBytes
    ? { maxBytes }
    : `a size behind :jpeg from ${Math.ceil(minBytes / 1000)}kB (one bit per pixel) to 99999kB`;
}

/** @returns NaN for anything but up to five digits */
function wholeNumber(text: string | undefined): number {
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : NaN;
}

/** Whether a name can't be a field of a Firestore document or a key of a plain object. */
function isReserved(name: string): boolean {
  return name in Object.prototype || /^__.*__$/.test(name);
}
