/** What the parameters keep a token from showing, whatever its record says. */
import { effectsOf, isProtected } from '../domain/variant.js';
import type { Config } from '../config/config.js';
import type { ServableToken } from './resolve.js';

/**
 * @returns a function that removes from a token record what must not be shown: for a default token, all variants
 *   but PUBLIC_VARIANTS; for each token, renditions of a blurred or watermarked variant that are older than this
 *   option of it, and sharp
 */
export function openRestrict({
  variants,
  publicVariants,
}: Pick<Config, 'variants' | 'publicVariants'>): (
  record: ServableToken<number>,
) => ServableToken<number> {
  const hidden = variants.filter(isProtected).map((variant) => ({
    name: variant.name,
    altered: effectsOf(variant),
  }));
  return (record) => {
    const isLimited = publicVariants !== undefined && record.kind === 'default';
    const outdated = hidden.filter(({ name, altered }) => {
      const rendition = record.image.renditions[name];
      return rendition !== undefined && rendition.altered !== altered;
    });
    if (!isLimited && outdated.length === 0) return record;
    const renditions = { ...record.image.renditions };
    for (const { name } of outdated) delete renditions[name];
    return {
      ...record,
      image: { ...record.image, renditions },
      ...(isLimited && { variants: [...publicVariants] }),
    };
  };
}
