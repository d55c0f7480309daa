/** Reads the texts of single parameters. */
import { isIP } from 'node:net';
import { EDGE_KEY_HASH, MAX_EDGE_KEYS } from '../domain/edge-key.js';
import { AUTO, AUTO_FORMATS, isCommonFormat, type Format } from '../domain/format.js';
import { parseTemplate, type PathTemplate } from '../domain/path.js';
import { MAX_VARIANTS, type Variant } from '../domain/variant.js';
import { parseVariant } from '../domain/variant-grammar.js';
import { parseWatermark, type WatermarkSettings } from '../domain/watermark.js';
import { MAX_WIDTH, MAX_WIDTHS, MIN_WIDTH } from '../domain/widths.js';
import { PARAMETERS, type ParameterName } from './parameter-table.js';

/** The value, or what was expected and, unless it is the whole text, what was found. */
export type Parsed<T> = { value: T } | { expected: string; found?: string };

/** Reads one parameter: its trimmed text, or its default when it is not set. */
export type Parser<T> = (text: string) => Parsed<T>;

/** Most entries of TRUSTED_PROXIES. */
const MAX_PROXIES = 100;

/** Splits comma-separated text (extension, emulator) or a JSON array of strings (deployed kit). */
function parseList(text: string): string[] {
  if (text.startsWith('[')) {
    try {
      const list: unknown = JSON.parse(text);
      if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
    } catch {
      // Not JSON: validating the items below reports the problem.
    }
  }
  return text.split(',').map((item) => item.trim());
}

export function parseItems<T extends Variant | string>(
  text: string,
  maxItems: number,
  parseItem: (item: string) => Parsed<T>,
): Parsed<T[]> {
  const names = new Set<string>();
  const values: T[] = [];
  for (const item of parseList(text)) {
    const parsed = parseItem(item);
    if (!('value' in parsed)) return { found: item, ...parsed };
    const { value } = parsed;
    const name = typeof value === 'string' ? value : value.name;
    if (names.has(name))
      return { expected: `each name once, but "${name}" is repeated`, found: text };
    names.add(name);
    values.push(value);
  }
  if (values.length > maxItems)
    return { expected: `at most ${maxItems} items`, found: `${values.length} items` };
  return { value: values };
}

export function parsePath(
  text: string,
  required: ('uid' | 'imageId')[],
  segments?: 'odd',
): Parsed<PathTemplate> {
  const template = parseTemplate(text, required);
  if (typeof template === 'string') return { expected: template };
  if (segments === 'odd' && template.segments.length % 2 === 0) {
    return { expected: 'a collection, which has an odd number of segments' };
  }
  return { value: template };
}

export function parseCollection(text: string): Parsed<string> {
  const path = parsePath(text, [], 'odd');
  return 'value' in path ? { value: path.value.text } : path;
}

export function parseFormats(text: string): Parsed<{ formats: Format[]; autoFormat?: boolean }> {
  const { expected } = PARAMETERS.FORMATS;
  if (parseList(text).join() === AUTO)
    return { value: { formats: [...AUTO_FORMATS], autoFormat: true } };
  const formats = parseItems<Format>(text, 3, (item) =>
    isCommonFormat(item) ? { value: item } : { expected },
  );
  return 'value' in formats ? { value: { formats: formats.value } } : formats;
}

export function parseProxies(text: string): Parsed<string[]> {
  // Until version 0.1.0 the value was a number of proxies. A number identifies none, so none is trusted.
  if (/^\d{0,2}$/.test(text)) return { value: [] };
  const { expected } = PARAMETERS.TRUSTED_PROXIES;
  return parseItems<string>(text, MAX_PROXIES, (item) =>
    isNetwork(item) ? { value: item } : { expected },
  );
}

const IS_EDGE_KEY_HASH = new RegExp(`^${EDGE_KEY_HASH}$`);

export function parseEdgeKeyHashes(text: string): Parsed<string[]> {
  if (text === '') return { value: [] };
  const { expected } = PARAMETERS.EDGE_KEY_HASHES;
  return parseItems<string>(text, MAX_EDGE_KEYS, (item) =>
    IS_EDGE_KEY_HASH.test(item) ? { value: item } : { expected },
  );
}

/** Whether the text is an IP address, or a network in CIDR notation. */
function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128);
}

export function parseBaseUrl(text: string): Parsed<string | undefined> {
  if (text === '') return { value: undefined };
  const { expected } = PARAMETERS.PUBLIC_BASE_URL;
  if (!URL.canParse(text)) return { expected };
  const url = new URL(text);
  const hasExtraParts = Boolean(url.search || url.hash || url.username || url.password);
  if (hasExtraParts || !['http:', 'https:'].includes(url.protocol)) return { expected };
  return { value: url.href.replace(/(?<!\/)\/+$/, '') };
}

export function flag(name: ParameterName): Parser<boolean> {
  return (text) => {
    if (text !== 'true' && text !== 'false') return { expected: PARAMETERS[name].expected };
    return { value: text === 'true' };
  };
}

/** An integer within the limits that the table states. */
export function wholeNumber(name: ParameterName): Parser<number> {
  const { expected, min = 0, max = Infinity } = PARAMETERS[name];
  return (text) => {
    const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max ? { value } : { expected };
  };
}

/** A text that has the pattern that the table states. */
export function matching(name: ParameterName): Parser<string> {
  const { expected, pattern = '' } = PARAMETERS[name];
  return (text) => (new RegExp(pattern).test(text) ? { value: text } : { expected });
}

/** Parses VARIANTS. */
export function parseVariants(text: string): Parsed<Variant[]> {
  return parseItems<Variant>(text, MAX_VARIANTS, (item) => {
    const variant = parseVariant(item);
    return typeof variant === 'string' ? { expected: variant } : { value: variant };
  });
}

/** Parses PUBLIC_VARIANTS. */
export function parseNames(text: string): Parsed<string[] | undefined> {
  if (text === '') return { value: undefined };
  return parseItems<string>(text, MAX_VARIANTS, (value) => ({ value }));
}

/** Parses WIDTHS. @returns ascending */
export function parseWidths(text: string): Parsed<number[] | undefined> {
  if (text === '') return { value: undefined };
  const { expected } = PARAMETERS.WIDTHS;
  const items = parseItems<string>(text, MAX_WIDTHS, (item) => {
    const width = /^[1-9][0-9]{1,4}$/.test(item) ? Number(item) : NaN;
    return width >= MIN_WIDTH && width <= MAX_WIDTH ? { value: item } : { expected };
  });
  return 'value' in items ? { value: items.value.map(Number).sort((a, b) => a - b) } : items;
}

export function parseWatermarkSettings(text: string): Parsed<WatermarkSettings | undefined> {
  if (text === '') return { value: undefined };
  const value = parseWatermark(text);
  return typeof value === 'string' ? { expected: value } : { value };
}
