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
      ...(variants && { variants: [...variants] }),
      ...(expiresAt !== undefined && { expiresAt }),
    },
  };
}

/** @param notAfter seconds */
function narrowExpiry(expiresAt = Infinity, notAfter = Infinity): number | undefined {
  const earlier = Math.min(expiresAt, notAfter * 1000);
  return earlier === Infinity ? undefined : earlier;
}

/** @returns the names that both allow, and that are narrow enough; undefined: all */
function narrowVariants(
  { variants, image: { renditions } }: ServableToken<number>,
  { variants: granted, maxWidth }: SealLimits,
  configured: readonly Pick<Variant, 'name' | 'width'>[],
): readonly string[] | undefined {
  const allowed =
    granted && variants ? variants.filter((name) => granted.includes(name)) : (granted ?? variants);
  if (maxWidth === undefined) return allowed;
  const isNarrow = (name: string) => {
    const rendition = Object.hasOwn(renditions, name) ? renditions[name] : undefined;
    // A variant without a rendition yet has the width that is configured.
    const size = rendition ?? configured.find((variant) => variant.name === name);
    return size !== undefined && size.width <= maxWidth;
  };
  const names = allowed ?? [...Object.keys(renditions), ...configured.map(({ name }) => name)];
  return names.filter(isNarrow);
}
