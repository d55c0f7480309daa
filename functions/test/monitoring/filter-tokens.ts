/** Splits filters of Cloud Logging and Cloud Monitoring. */

/**
 * @param pattern of one token, sticky, with the token as its first group
 * @throws Error when a part of the filter matches nothing
 */
export function tokensOf(filter: string, pattern: RegExp): string[] {
  const tokens: string[] = [];
  pattern.lastIndex = 0;
  for (let match; (match = pattern.exec(filter));) {
    tokens.push(match[1] ?? '');
    if (pattern.lastIndex === filter.length) return tokens;
  }
  throw new Error(`expected a filter of the known form, found ${filter}`);
}
