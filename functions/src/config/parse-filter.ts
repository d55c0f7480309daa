/** The content filter: FILTER_URL, FILTER_TIMEOUT_SECONDS and FILTER_FAILURE. */
import { PARAMETERS } from './parameter-table.js';
import type { Parsed } from './parse-values.js';

export interface FilterConfig {
  /** https; in the emulator also http. */
  url: string;
  timeoutSeconds: number;
  /** The verdict when the filter gives none. */
  onFailure: 'allow' | 'hold';
}

/**
 * Parses FILTER_URL.
 * @param isEmulator whether http is accepted
 */
export function parseFilterUrl(text: string, isEmulator: boolean): Parsed<string> {
  if (text === '') return { value: '' };
  const { expected } = PARAMETERS.FILTER_URL;
  if (!URL.canParse(text)) return { expected };
  const { protocol, username, password, hash } = new URL(text);
  const isAllowed = protocol === 'https:' || (protocol === 'http:' && isEmulator);
  return isAllowed && !username && !password && !hash ? { value: text } : { expected };
}

export function filterConfig(values: {
  FILTER_URL: string;
  FILTER_TIMEOUT_SECONDS: number;
  FILTER_FAILURE: string;
}): { filter?: FilterConfig } {
  const { FILTER_URL: url, FILTER_TIMEOUT_SECONDS: timeoutSeconds } = values;
  if (url === '') return {};
  const onFailure = values.FILTER_FAILURE === 'allow' ? 'allow' : 'hold';
  return { filter: { url, timeoutSeconds, onFailure } };
}
