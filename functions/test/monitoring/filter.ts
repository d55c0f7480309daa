/**
 * Matches log entries with the part of the Logging query language that functions/monitoring uses: comparisons joined by
 * AND and OR, parentheses, `=`, `:` and `>=` for the severity, and log_id().
 * @see https://cloud.google.com/logging/docs/view/logging-query-language
 */
import { tokensOf } from './filter-tokens.js';

/** The fields of a LogEntry that filters name. */
export interface LogEntry {
  logName: string;
  severity: string;
  resource: { type: string; labels: Record<string, string> };
  jsonPayload: Record<string, unknown>;
}

const SEVERITIES = ['DEFAULT', 'DEBUG', 'INFO', 'NOTICE', 'WARNING', 'ERROR', 'CRITICAL'];
const TOKEN = /\s*(log_id\("[^"]+"\)|"[^"]*"|[()]|>=|[=:]|[\w.]+)/y;

/** @throws Error when the filter has something that this does not know */
export function matches(filter: string, entry: LogEntry): boolean {
  const tokens = tokensOf(filter, TOKEN);
  let at = 0;
  const next = () => tokens[at++];

  function either(): boolean {
    let result = both();
    while (tokens[at] === 'OR') {
      at += 1;
      // Not `||`, which would not read the rest.
      const other = both();
      result = result || other;
    }
    return result;
  }

  function both(): boolean {
    let result = single();
    while (tokens[at] === 'AND') {
      at += 1;
      const other = single();
      result = result && other;
    }
    return result;
  }

  function single(): boolean {
    const token = next() ?? '';
    if (token === '(') {
      const result = either();
      if (next() !== ')') throw new Error(`expected ")" in ${filter}`);
      return result;
    }
    const id = /^log_id\("(.+)"\)$/.exec(token)?.[1];
    if (id !== undefined) return entry.logName.endsWith(`/logs/${encodeURIComponent(id)}`);
    return compare(token, next(), next());
  }

  function compare(path: string, operator: string | undefined, value = ''): boolean {
    const found = path
      .split('.')
      .reduce<unknown>(
        (object, name) => (object as Record<string, unknown> | undefined)?.[name],
        entry,
      );
    const wanted = value.replaceAll('"', '');
    if (operator === '=') return String(found) === wanted;
    if (operator === ':') return String(found).includes(wanted);
    if (operator === '>=' && path === 'severity') {
      return SEVERITIES.indexOf(String(found)) >= SEVERITIES.indexOf(wanted);
    }
    throw new Error(`expected a comparison of ${path} that is known, found "${operator}"`);
  }

  const result = either();
  if (at !== tokens.length) throw new Error(`expected the end of ${filter}, found ${tokens[at]}`);
  return result;
}
