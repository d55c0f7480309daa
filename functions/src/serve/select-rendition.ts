/** Token record + URL + `Accept` -> the rendition to send, or the manifest. */
import { FORMATS, type Format } from '../domain/format.js';
import type { RenditionInfo, TokenVariant } from '../domain/records.js';
import type { MissingWidth } from '../domain/tasks.js';
import { effectsOf, formatsOfVariant, isProtected, type Variant } from '../domain/variant.js';
import type { RequestContext, ResponseContext, ServeConfig, ServeRequest } from './context.js';
import { secondsUntilExpiry } from './expiry.js';
import { narrow } from './narrow.js';
import { isWhole, sourceOfWidth, sourceRendition } from '../domain/widths.js';
import { negotiateFormat } from './negotiate.js';
import type { CachedToken, ServableToken } from './resolve.js';

/** The rendition that a response sends. */
export interface SelectedRendition {
  kind: 'rendition';
  lookup: CachedToken;
  /** Name of the variant. */
  name: string;
  format: Format;
  rendition: RenditionInfo;
  /** Whether this is what the URL asks for; a substitute must not be cached. */
  isRequested: boolean;
  /** Whether `Accept` may have decided the format: the response needs `Vary`. */
  isNegotiated: boolean;
  /** Present when this is sent instead of a rendition that can be made on demand. */
  missing?: MissingWidth;
}

export interface SelectedManifest {
  kind: 'manifest';
  lookup: CachedToken;
}

export type NamedVariant = TokenVariant & { name: string };

const FORMAT_NAMES = Object.keys(FORMATS) as Format[];

/** What the selection needs to know of a request. */
export type SelectionContext = Pick<RequestContext, 'lookup' | 'limits' | 'route'> & {
  request: Pick<ServeRequest, 'headers'>;
};

/**
 * Selects what to send: the manifest, the variant that the URL names or that fits `w=`, or, while a
 * configured variant or format has no rendition yet, the nearest rendition there is.
 * @returns undefined (404) when the token is unknown or expired, or does not grant what the URL asks for
 */
export function selectRendition(
  { lookup: found, limits, route, request }: SelectionContext,
  { config, now }: Pick<ResponseContext, 'config' | 'now'>,
): SelectedRendition | SelectedManifest | undefined {
  if (!found?.record) return undefined;
  const lookup = limits === undefined ? found : narrow(found, limits, config.variants);
  if (secondsUntilExpiry(lookup, now()) <= 0) return undefined;
  const { record } = lookup;
  const { format, width } = route;
  if (route.variant === undefined && width === undefined) return { kind: 'manifest', lookup };
  const { accept } = request.headers;
  const onDemand =
    width === undefined ? undefined : selectOnDemand(lookup, width, format, accept, config);
  if (onDemand) return onDemand;
  const name = route.variant ?? variantForWidth(record, width ?? 0, format);
  if (name === undefined) return undefined;

  const variant = accessibleVariant(record, name);
  const requested = selectFormat(variant, format, accept);
  if (variant && requested) {
    const isNegotiated = format === undefined && !hasOnlyFormat(variant, config);
    return { kind: 'rendition', lookup, name, ...requested, isRequested: true, isNegotiated };
  }

  const nearest = nearestVariant(record, name, format, config);
  const substitute =
    selectFormat(nearest, format, accept) ?? selectFormat(nearest, undefined, accept);
  if (!nearest || !substitute) return undefined;
  const isRequested = nearest.name === name && hasOnlyFormat(nearest, config);
  return {
    kind: 'rendition',
    lookup,
    name: nearest.name,
    ...substitute,
    isRequested,
    isNegotiated: !isRequested,
  };
}

/** The variant's rendition in `format`, or, without a format, in the one that `Accept` prefers. */
function selectFormat(
  variant: TokenVariant | undefined,
  format: Format | undefined,
  accept: string | undefined,
): Pick<SelectedRendition, 'format' | 'rendition'> | undefined {
  if (variant === undefined) return undefined;
  const selected = format ?? negotiate(variant, accept);
  const rendition = selected && variant[selected];
  return rendition && { format: selected, rendition };
}

/**
 * Selects the next one of WIDTHS, made before or to be made, if it is narrower than what the token may show, and no
 * variant fits as well.
 * @param width device pixels
 * @returns undefined when one of the variants is what the URL asks for
 */
function selectOnDemand(
  lookup: CachedToken,
  width: number,
  format: Format | undefined,
  accept: string | undefined,
  config: Pick<ServeConfig, 'widths' | 'autoFormat'>,
): SelectedRendition | undefined {
  if (!config.widths) return undefined;
  const { record } = lookup;
  const whole = accessibleVariants(record).filter(isWhole);
  const rounded = config.widths.find((one) => one >= width);
  const hasWidth = (variant: NamedVariant) => variant.width === rounded;
  // A variant that is at least as near is there already, and every cache may keep it.
  const isNearer = (variant: NamedVariant) =>
    variant.width >= width && variant.width <= (rounded ?? 0);
  if (rounded === undefined || whole.some(isNearer)) return undefined;
  const source = sourceOfWidth(whole, rounded);
  if (!source) return undefined;
  const asked = format ?? negotiate(source, accept);
  const sourceFile = asked && source[asked] && sourceRendition(source);
  if (!sourceFile) return undefined;
  const made = Object.entries(record.image.widths ?? {})
    .map(([pixels, variant]): NamedVariant => ({ name: `w${pixels}`, ...variant }))
    .filter((variant) => variant[asked]);
  const isNegotiated = format === undefined && !hasOnlyFormat(source, config);
  const select = (variant: NamedVariant) => ({
    ...{ kind: 'rendition' as const, lookup, name: variant.name, format: asked },
    rendition: variant[asked] as RenditionInfo,
  });
  const exact = made.find(hasWidth);
  if (exact) return { ...select(exact), isRequested: true, isNegotiated };
  const existing = [...whole.filter((variant) => variant[asked]), ...made];
  const nearest = firstAtLeast(
    rounded,
    existing.sort((a, b) => a.width - b.width),
  ) as NamedVariant;
  const missing = { width: rounded, format: asked, source: sourceFile.object };
  return { ...select(nearest), isRequested: false, isNegotiated, missing };
}

function negotiate(variant: TokenVariant, accept: string | undefined): Format | undefined {
  const formats = formatsOf(variant);
  return formats.length > 0 ? negotiateFormat(accept, formats) : undefined;
}

/** The variant with that name, if it exists and the token grants it. */
function accessibleVariant(record: ServableToken, name: string): TokenVariant | undefined {
  if (record.variants && !record.variants.includes(name)) return undefined;
  const { renditions } = record.image;
  return Object.hasOwn(renditions, name) ? renditions[name] : undefined;
}

/** All variants that the token grants, narrowest first. */
export function accessibleVariants(record: ServableToken): NamedVariant[] {
  return Object.keys(record.image.renditions)
    .flatMap((name) => {
      const variant = accessibleVariant(record, name);
      return variant ? [{ name, ...variant }] : [];
    })
    .sort((a, b) => a.width - b.width || a.name.localeCompare(b.name));
}

/** With FORMATS=auto, a variant that has one format gets no other: that is what every URL of it asks for. */
function hasOnlyFormat(
  variant: TokenVariant,
  { autoFormat = false }: Pick<ServeConfig, 'autoFormat'>,
): boolean {
  return autoFormat && formatsOf(variant).length === 1;
}

/** The formats that a variant has renditions in, in the order of FORMATS. */
export function formatsOf(variant: TokenVariant): Format[] {
  return FORMAT_NAMES.filter((format) => variant[format]);
}

/**
 * The narrowest variant that is at least `width` wide, else the widest.
 * @param width device pixels
 * @returns its name; undefined when the token grants no variant
 */
function variantForWidth(
  record: ServableToken,
  width: number,
  format: Format | undefined,
): string | undefined {
  return firstAtLeast(width, variantsForWidth(record, format))?.name;
}

/**
 * The variants that a width selects from, narrowest first. Cropped and altered variants count only when the token grants
 * no others: the images of one `srcset` must look alike.
 * @param format if present, variants without it count only when none of them has it
 */
export function variantsForWidth(
  record: ServableToken,
  format: Format | undefined,
): NamedVariant[] {
  const all = accessibleVariants(record);
  const unaltered = all.filter(({ altered }) => altered === undefined);
  // The widest decides: a blurred variant must not stand for a watermarked one.
  const alike =
    unaltered.length > 0 ? unaltered : all.filter((one) => one.altered === all.at(-1)?.altered);
  const uncropped = alike.filter(({ cropped }) => !cropped);
  const sameKind = uncropped.length > 0 ? uncropped : alike;
  const inFormat = format ? sameKind.filter((variant) => variant[format]) : [];
  return inFormat.length > 0 ? inFormat : sameKind;
}

/**
 * The substitute for a configured variant without renditions: among variants of the same kind (cropped
 * or uncropped) if there are any, the narrowest that is wide enough, else the widest. For a cropped variant, an
 * uncropped one that is wide enough comes before a narrower cropped one. For a variant that lacks only the
 * requested format, the variant itself.
 * @returns undefined when the variant or format is not configured, when the token does not grant the
 *   variant, or when there are no renditions at all
 */
function nearestVariant(
  record: ServableToken,
  name: string,
  format: Format | undefined,
  { variants, formats }: Pick<ServeConfig, 'variants' | 'formats'>,
): NamedVariant | undefined {
  if (record.variants && !record.variants.includes(name)) return undefined;
  const configured = variants.find((variant) => variant.name === name);
  const possible = formatsOfVariant(configured ?? {}, formats);
  if (format !== undefined && !possible.includes(format)) return undefined;
  const available = accessibleVariants(record).filter(
    (variant) =>
      formatsOf(variant).length > 0 &&
      (variant.name === name || (configured && mayReplace(configured, variant))),
  );
  const itself = available.find((variant) => variant.name === name);
  if (itself || configured === undefined) return itself;
  const isCropped = configured.fit === 'cover';
  const sameKind = available.filter(({ cropped = false }) => cropped === isCropped);
  const candidates = isCropped || sameKind.length === 0 ? available : sameKind;
  const isWideEnough = ({ width }: NamedVariant) => width >= configured.width;
  return (
    sameKind.find(isWideEnough) ??
    candidates.find(isWideEnough) ??
    sameKind.at(-1) ??
    candidates.at(-1)
  );
}

/** Whether a rendition of another variant may stand for that of a configured one: it must not show more, or less. */
function mayReplace(configured: Variant, { altered }: NamedVariant): boolean {
  return altered === effectsOf(configured) || (altered === undefined && !isProtected(configured));
}

/** @param variants narrowest first */
function firstAtLeast(width: number, variants: NamedVariant[]): NamedVariant | undefined {
  return variants.find((variant) => variant.width >= width) ?? variants.at(-1);
}
