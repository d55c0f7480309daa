/** Pages of lists in memory. */
import type { Page } from '../../src/gcp/backend.js';

/** One page of names in alphabetical order, after the name `after`. */
export function pageOf(names: string[], limit: number, after: string | undefined): Page<string> {
  const sorted = names.filter((name) => after === undefined || name > after).sort();
  const items = sorted.slice(0, limit);
  return { items, ...(sorted.length > limit && { next: items.at(-1) }) };
}
