/** Texts that are slow for a parser whose time is not linear, for each part of a request. */
import fc from 'fast-check';

/** Part of a request: a header, or a part of the URL. */
export type RequestPart =
  | 'path'
  | 'query'
  | 'accept'
  | 'if-match'
  | 'if-none-match'
  | 'if-range'
  | 'range'
  | 'x-forwarded-for';

/** What the grammar of each part is made of, first what a value begins with. */
const TOKENS: Record<RequestPart, readonly string[]> = {
  path: ['/', 'i/', 'spv_', 'sps_', 'AQ', 'w800', '.', '..', '-', '%2f', '%', '//', 'webp'],
  query: ['w=1', 'dpr=2', '&', 'f=webp', '=', '%', '%41', '+', 'w', '?', ';', '1', '.'],
  accept: [
    'image/',
    '*/*',
    'image/webp',
    '/',
    ';',
    ';q=0.5',
    ';a="b',
    '=',
    'q',
    '\\',
    '/,',
    '*/*,',
  ],
  'if-match': ['"', 'W/', 'W/"', '"a"', '"a",', '*', 'a', '\\"'],
  'if-none-match': ['"', 'W/', 'W/"', '"a"', '"a",', '*', 'a', '\\"'],
  'if-range': ['"', 'W/', '"a"', '*', 'Wed, 21 Oct 2015 07:28:00 GMT', 'a'],
  range: ['bytes=', 'bytes=0-', 'bytes=-', ' ,0-', ',0-1', '0-', '-', '-1', '0', '=', ', '],
  'x-forwarded-for': ['1.1.1.1', '[', '[::1]', ']:1', ':', '::', '1', '.', 'f', ':1', '%e', '1.'],
};
const COMMON_TOKENS = [' ', '\t', ',', ', ', ';', '"', 'x', '0', '\u00e9'];

/** The first lengths are within the limits of the parsers, and short enough to show exponential time. */
const LENGTHS = [128, 256, 512, 1024, 2048, 4096, 16 * 1024];

/** How to build a text. A failing test prints this, not kilobytes of text. */
export interface Recipe {
  start: string;
  repeated: string;
  end: string;
  /** Characters; a text is at least as long as its start and end. */
  length: number;
}

/** A beginning, a repeated part and an end that may not fit. */
export function recipes(part: RequestPart): fc.Arbitrary<Recipe> {
  const token = fc.constantFrom(...TOKENS[part], ...COMMON_TOKENS);
  const textOf = (minLength: number, maxLength: number) =>
    fc.array(token, { minLength, maxLength }).map((tokens) => tokens.join(''));
  return fc.record({
    start: fc.oneof(fc.constantFrom(...TOKENS[part].slice(0, 3), ''), textOf(1, 3)),
    repeated: fc.oneof(token, textOf(2, 4)),
    end: textOf(0, 2),
    length: fc.constantFrom(...LENGTHS),
  });
}

export function textOf({ start, repeated, end, length }: Recipe): string {
  const rest = Math.max(0, length - start.length - end.length);
  return start + repeated.repeat(Math.ceil(rest / repeated.length)).slice(0, rest) + end;
}

/** Texts that took seconds or more, and what is most expensive for a parser in linear time. */
export const KNOWN_ATTACKS: readonly [part: RequestPart, name: string, text: string][] = [
  ['range', 'repeated separators', `bytes=0-${' ,0-'.repeat(28)}x`],
  ['range', 'spaces', `bytes=0-${' '.repeat(15_000)}x`],
  ['range', 'ranges', `bytes=${'0-0,'.repeat(4000)}0-0`],
  ['accept', 'wildcards', '*/*,'.repeat(3840)],
  ['accept', 'the shortest types', '/,'.repeat(7680)],
  ['accept', 'parameters', 'image/webp;a="b";q=0.5,'.repeat(650)],
  ['if-none-match', 'entity tags', '"a",'.repeat(4000)],
  ['if-match', 'quotes', '"'.repeat(16_001)],
  ['if-range', 'spaces', `${' '.repeat(16_000)}x`],
  ['x-forwarded-for', 'commas', ','.repeat(16_000)],
  ['x-forwarded-for', 'digits', `${'1.'.repeat(8000)}x`],
  ['path', 'slashes', '/'.repeat(16_000)],
  ['query', 'parameters', '&='.repeat(8000)],
  ['query', 'escapes', '%41=%41&'.repeat(2000)],
];
