/** What a token shows while a variant or format that is configured has not been made yet. */
import type { Format } from '../domain/format.js';
import type { TokenVariant } from '../domain/records.js';
import type { Variant } from '../domain/variant.js';
import { formatsOf, visibleVariants, type ServableToken } from './manifest.js';

/** What VARIANTS and FORMATS say. */
export interface ConfiguredRenditions {
  variants: readonly Variant[];
  formats: readonly Format[];
}

/**
 * The variant that comes nearest to a configured one that has not been made: of the same kind (a part of
 * the picture, or the whole) if there is one, the narrowest that is wide enough, else the widest. A
 * variant that is there is its own nearest as long as what it lacks is a configured format.
 * @returns undefined when the address asks for nothing that is configured, or for what the token may not
 *   show, or when nothing has been made
 */
export function nearestVariant(
  record: ServableToken,
  name: string,
  format: Format | undefined,
  { variants, formats }: ConfiguredRenditions,
): (TokenVariant & { name: string }) | undefined {
  if (format !== undefined && !formats.includes(format)) return undefined;
  if (record.variants && !record.variants.includes(name)) return undefined;
  const wanted = variants.find((variant) => variant.name === name);
  const made = visibleVariants(record).filter((variant) => formatsOf(variant).length > 0);
  const itself = made.find((variant) => variant.name === name);
  if (itself || wanted === undefined) return itself;
  const alike = made.filter(({ cropped = false }) => cropped === (wanted.fit === 'cover'));
  const candidates = alike.length > 0 ? alike : made;
  return candidates.find(({ width }) => width >= wanted.width) ?? candidates.at(-1);
}
