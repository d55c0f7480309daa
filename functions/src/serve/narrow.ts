/** Narrows a token record by the limits of a sealed link. */
import type { SealLimits } from '../domain/seal.js';
import type { Variant } from '../domain/variant.js';
import type { CachedToken, ServableToken } from './resolve.js';

/**
 * @param limits of the sealed link; they never give access to more than the token does
 * @param configured VARIANTS
 * @returns what the token gives access to through the sealed link
 */
export function narrow(
  lookup: CachedToken,
  limits: SealLimits,
  configured: readonly Pick<Variant, 'name' | 'width'>[],
): CachedToken {
  const { record } = lookup;
  const variants = narrowVariants(record, limits, configured);
  const expiresAt = narrowExpiry(record.expiresAt, limits.notAfter);
  if (variants === record.variants && expiresAt === record.expiresAt) return lookup;
  return {
    ...lookup,
    record: {
      ...record,
      ...(variants && { variants }),
      ...(expiresAt !== undefined && { expiresAt }),
    },
  };
}

/** @param notAfter seconds */
function narrowExpiry(expiresAt = Infinity, notAfter = Infinity): number | undefined {
  const earlier = Math.min(expiresAt, notAfter * 1000);
  return earlier === Infinity ? undefined : earlier;
}

/** @returns the names that both allow */
function narrowVariants(
  { variants, image }: ServableToken<number>,
  limits: SealLimits,
  configured: readonly Pick<Variant, 'name' | 'width'>[],
): string[] | undefined {
  const granted = limits.variants;
  const allowed =
    granted && variants ? variants.filter((name) => granted.includes(name)) : (granted ?? variants);
  const { maxWidth } = limits;
  if (maxWidth === undefined) return allowed as string[] | undefined;
  // A variant without a rendition yet has the width that is configured.
  const widths = new Map(configured.map(({ name, width }) => [name, width]));
  for (const [name, { width }] of Object.entries(image.renditions)) widths.set(name, width);
  const names = allowed ?? [...widths.keys()];
  return names.filter((name) => (widths.get(name) ?? Infinity) <= maxWidth);
}
