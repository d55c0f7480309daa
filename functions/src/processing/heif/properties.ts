/** Reads the properties of HEIF items: sizes, colors, crops and orientations. */
import type { Size } from '../../domain/variant.js';
import type { ColorDescription } from '../color-description.js';
import { Cursor, damaged, unsupported } from './boxes.js';
import type { Property } from './meta.js';
import type { LayerSelection } from './av1.js';
import { addStep, transformedSize } from './transform.js';
import type { Transform, TransformStep } from './transform.js';

/** The type of a coded item or sample: AV1 or HEVC. */
export type Codec = 'av01' | 'hvc1';

/** The properties that this code applies, hands to the decoder, or may ignore though they are essential. */
const KNOWN_PROPERTIES = new Set(
  'ispe pixi colr hvcC av1C auxC clap irot imir pasp a1op lsel a1lx clli mdcv cclv amve'.split(' '),
);

/** ISO/IEC 23008-12 section 9.3.1: an item with an unknown essential property must not be shown. */
export function checkEssential(properties: readonly Property[]): void {
  const unknown = properties.find((one) => one.isEssential && !KNOWN_PROPERTIES.has(one.type));
  if (unknown) {
    throw unsupported(`the essential property ${unknown.type}`);
  }
}

export function findProperty(properties: readonly Property[], type: string): Property | undefined {
  return properties.find((property) => property.type === type);
}

/** ISO/IEC 23008-12 section 6.5.3; the size before the transformations, pixels. */
export function readSize(bytes: Buffer, properties: readonly Property[]): Size {
  const ispe = findProperty(properties, 'ispe');
  if (!ispe) throw damaged('a property ispe', 'none');
  const cursor = new Cursor(bytes, ispe.contents);
  cursor.fullBox();
  const size = { width: cursor.uint(4), height: cursor.uint(4) };
  if (size.width === 0 || size.height === 0) {
    throw damaged('a size', `${size.width} x ${size.height}`);
  }
  return size;
}

export interface PixelFormat {
  /** Bits per channel: 8, 10 or 12. */
  bitDepth: number;
  isGray: boolean;
  /** Gray whose black is 16 of 255 and whose white is 235: the decoder does not expand it, unlike colors. */
  isLimitedGray: boolean;
}

/**
 * Reads the codec's configuration: `av1C` (AV1 in ISOBMFF, section 2.3) or `hvcC` (ISO/IEC 14496-15
 * section 8.3.2).
 */
export function readPixelFormat(
  bytes: Buffer,
  configuration: Property,
  { cicp }: ColorDescription,
): PixelFormat {
  const { bitDepth, isGray } = readConfiguration(bytes, configuration);
  return { bitDepth, isGray, isLimitedGray: isGray && cicp?.fullRange === false };
}

function readConfiguration(bytes: Buffer, { type, contents }: Property) {
  const cursor = new Cursor(bytes, contents);
  if (type === 'av1C') {
    cursor.skip(2);
    const flags = cursor.uint(1);
    const bitDepth = (flags & 0x40) === 0 ? 8 : (flags & 0x20) === 0 ? 10 : 12;
    return { bitDepth, isGray: (flags & 0x10) !== 0 };
  }
  cursor.skip(16);
  const isGray = (cursor.uint(1) & 3) === 0;
  return { bitDepth: 8 + (cursor.uint(1) & 7), isGray };
}

/** Annex B.2.1, ISO/IEC 23000-22 section 7.3.5.2. */
const ALPHA_TYPES = new Set([
  'urn:mpeg:mpegB:cicp:systems:auxiliary:alpha',
  'urn:mpeg:hevc:2015:auxid:1',
  'urn:mpeg:avc:2015:auxid:1',
]);

/** @param box `auxC` of an item (section 6.5.8), or `auxi` of a track (section 7.5.3.2); both hold a URN */
export function isAlphaType(bytes: Buffer, box: Property): boolean {
  const cursor = new Cursor(bytes, box.contents);
  cursor.fullBox();
  const { start, end } = cursor.rest;
  // The longest URN of an alpha channel has 43 characters.
  const text = bytes.toString('latin1', start, Math.min(end, start + 64));
  return ALPHA_TYPES.has(text.split('\0', 1)[0] as string);
}

/** Section 6.5.5 and ISO/IEC 14496-12 section 12.1.5. Of several boxes of one type, the first counts. */
export function readColor(bytes: Buffer, properties: readonly Property[]): ColorDescription {
  const color: ColorDescription = {};
  for (const { type, contents } of properties) {
    if (type !== 'colr') continue;
    const cursor = new Cursor(bytes, contents);
    const colorType = cursor.code();
    if (colorType === 'nclx') {
      const [primaries, transfer, matrix] = [cursor.uint(2), cursor.uint(2), cursor.uint(2)];
      const fullRange = cursor.uint(1) >= 128;
      color.cicp ??= { primaries, transfer, matrix, fullRange };
    } else if (colorType === 'prof' || colorType === 'rICC') {
      const { start, end } = cursor.rest;
      color.icc ??= bytes.subarray(start, end);
    }
  }
  return color;
}

/**
 * AVIF specification sections 2.3.2.1 (`a1op`) and ISO/IEC 23008-12 section 6.5.11 (`lsel`).
 * @returns undefined when all layers are meant
 */
export function readLayerSelection(
  bytes: Buffer,
  properties: readonly Property[],
): LayerSelection | undefined {
  const a1op = findProperty(properties, 'a1op');
  const lsel = findProperty(properties, 'lsel');
  const operatingPoint = a1op ? new Cursor(bytes, a1op.contents).uint(1) : 0;
  const layer = lsel ? new Cursor(bytes, lsel.contents).uint(2) : ALL_LAYERS;
  return operatingPoint === 0 && layer === ALL_LAYERS ? undefined : { operatingPoint, layer };
}

const ALL_LAYERS = 0xffff;

/**
 * Adds an item's transformations. HEIC: in the order of its properties (ISO/IEC 23008-12 section 6.5.1).
 * AVIF: as Chromium does, always crop, rotation, mirror (the order of ISO/IEC 23000-22 section 7.3.6.7),
 * and no crop that starts elsewhere than at the top left corner (AVIF specification section 4.2 forbids it).
 * @throws ImageFailure for a crop of a HEIC that is not within the image
 */
export function readTransform(
  bytes: Buffer,
  properties: readonly Property[],
  before: Transform,
  codec: Codec,
): Transform {
  const ordered =
    codec === 'hvc1'
      ? properties
      : ['clap', 'irot', 'imir'].flatMap((type) => findProperty(properties, type) ?? []);
  return ordered.reduce((transform, { type, contents }) => {
    const cursor = new Cursor(bytes, contents);
    const size = transformedSize(transform);
    const step =
      type === 'clap' ? readCropStep(cursor, size, codec) : TRANSFORM_READERS[type]?.(cursor);
    return step ? addStep(transform, step) : transform;
  }, before);
}

/** Sections 6.5.10 and 6.5.12. */
const TRANSFORM_READERS: Partial<Record<string, (cursor: Cursor) => TransformStep>> = {
  irot: (cursor) => ({ type: 'rotate', quarters: cursor.uint(1) & 3 }),
  imir: (cursor) => ({ type: 'mirror', axis: (cursor.uint(1) & 1) === 0 ? 'y' : 'x' }),
};

function readCropStep(cursor: Cursor, size: Size, codec: Codec): TransformStep | undefined {
  const area = readCrop(cursor);
  const left = Math.floor((size.width - area.width) / 2 + area.x);
  const top = Math.floor((size.height - area.height) / 2 + area.y);
  const [width, height] = [Math.round(area.width), Math.round(area.height)];
  const isFilled = width >= 1 && height >= 1;
  const fits = left + width <= size.width && top + height <= size.height;
  if (codec === 'av01') {
    const isUsed = isFilled && fits && left === 0 && top === 0;
    return isUsed ? { type: 'crop', area: { left, top, width, height } } : undefined;
  }
  // Also false for a denominator of 0.
  if (!(isFilled && fits && left >= 0 && top >= 0)) {
    throw damaged(
      `a crop within ${size.width} x ${size.height}`,
      `${width} x ${height} at ${left}, ${top}`,
    );
  }
  return { type: 'crop', area: { left, top, width, height } };
}

/**
 * ISO/IEC 14496-12 section 12.1.4.
 * @returns size and distances between the centers of the image and of the crop, pixels
 */
function readCrop(cursor: Cursor): Size & { x: number; y: number } {
  const unsigned = () => cursor.uint(4) / cursor.uint(4);
  const signed = () => cursor.int32() / cursor.uint(4);
  return { width: unsigned(), height: unsigned(), x: signed(), y: signed() };
}
