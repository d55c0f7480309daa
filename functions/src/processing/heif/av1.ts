/**
 * Reads the OBUs of an AV1 image: its color space, and its layers, because libheif decodes all layers and
 * knows no selection.
 */
import type { ColorDescription } from '../color-description.js';
import { ImageFailure } from '../../errors.js';
import { damaged } from './boxes.js';

/** OBU types, AV1 specification section 6.2.2. */
const SEQUENCE_HEADER = 1;
const TEMPORAL_DELIMITER = 2;

export interface LayerSelection {
  /** Property `a1op`: the index of an operating point. */
  operatingPoint: number;
  /** Property `lsel`: the highest spatial layer. */
  layer: number;
}

/**
 * Removes the layers that a selection excludes.
 * @param data the OBUs of one image (AV1 specification section 5.3)
 * @throws ImageFailure when the OBUs are damaged or have no such operating point
 */
export function selectLayers(data: Buffer, { operatingPoint, layer }: LayerSelection): Buffer {
  let mask = ALL_LAYERS;
  const kept: Buffer[] = [];
  for (const { type, temporal, spatial, contents, whole } of readUnits(data)) {
    if (type === SEQUENCE_HEADER) {
      mask = readOperatingPoint(readSequenceHeader(contents), operatingPoint);
    }
    const isAlwaysKept =
      type === SEQUENCE_HEADER || type === TEMPORAL_DELIMITER || temporal === undefined;
    const isSelected =
      isAlwaysKept ||
      (spatial <= layer && ((mask >> temporal) & 1) === 1 && ((mask >> (8 + spatial)) & 1) === 1);
    if (isSelected) kept.push(whole);
  }
  return Buffer.concat(kept);
}

/** Bits 0 to 7 for temporal layers, 8 to 11 for spatial layers (section 6.4.1). */
const ALL_LAYERS = 0xfff;

interface Obu {
  type: number;
  /** Undefined without an extension header: the OBU belongs to all layers. */
  temporal: number | undefined;
  spatial: number;
  contents: Buffer;
  whole: Buffer;
}

/** Section 5.3.1. */
function* readUnits(data: Buffer): Generator<Obu> {
  for (let start = 0; start < data.length;) {
    const header = data[start] as number;
    const hasExtension = (header & 4) !== 0;
    const extension = hasExtension ? data[start + 1] : undefined;
    let offset = start + (hasExtension ? 2 : 1);
    let end = data.length;
    if ((header & 2) !== 0) {
      const size = readLeb128(data, offset);
      offset = size.offset;
      end = offset + size.value;
    }
    if (end > data.length) throw damaged(`OBUs of ${data.length} bytes`, end);
    yield {
      type: (header >> 3) & 15,
      temporal: extension === undefined ? undefined : extension >> 5,
      spatial: ((extension ?? 0) >> 3) & 3,
      contents: data.subarray(offset, end),
      whole: data.subarray(start, end),
    };
    start = end;
  }
}

/** Section 4.10.5: at most eight bytes of seven bits. */
function readLeb128(data: Buffer, offset: number): { value: number; offset: number } {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = data[offset + i] ?? 0;
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return { value, offset: offset + i + 1 };
  }
  throw damaged('a size of an OBU', 'more than 8 bytes');
}

/**
 * Reads the color space that the first sequence header states.
 * @param data the OBUs of one image
 * @returns code points of ITU-T H.273; undefined when no sequence header is readable
 */
export function readSequenceColor(data: Buffer): ColorDescription['cicp'] {
  try {
    for (const { type, contents } of readUnits(data)) {
      if (type === SEQUENCE_HEADER) return readSequenceHeader(contents).color();
    }
  } catch (error) {
    // The decoder reports what is wrong with the OBUs.
    if (!(error instanceof ImageFailure)) throw error;
  }
  return undefined;
}

interface SequenceHeader {
  /** One mask of layers for each operating point; undefined in a header for still images only. */
  operatingPoints: readonly number[] | undefined;
  /** Reads on; to be called once. */
  color: () => NonNullable<ColorDescription['cicp']>;
}

/** Section 5.5.1. */
function readSequenceHeader(contents: Buffer): SequenceHeader {
  const bits = createBitReader(contents);
  const profile = bits(3);
  bits(1);
  const isReduced = bits(1) === 1;
  if (isReduced) bits(5);
  const operatingPoints = isReduced ? undefined : readOperatingPoints(bits);
  const color = () => {
    skipTools(bits, isReduced);
    return readColorConfig(bits, profile);
  };
  return { operatingPoints, color };
}

function readOperatingPoint({ operatingPoints }: SequenceHeader, index: number): number {
  if (!operatingPoints) return ALL_LAYERS;
  const mask = operatingPoints[index];
  if (mask === undefined) {
    throw damaged(`an operating point below ${operatingPoints.length}`, index);
  }
  return mask === 0 ? ALL_LAYERS : mask;
}

/** Section 5.5.1, from timing_info_present_flag on. @returns a mask of layers for each */
function readOperatingPoints(bits: BitReader): number[] {
  let hasDecoderModel = false;
  let delayLength = 0;
  const hasTiming = bits(1) === 1;
  if (hasTiming) {
    bits(32);
    bits(32);
    const isEqualInterval = bits(1) === 1;
    if (isEqualInterval) skipVariableLength(bits);
    hasDecoderModel = bits(1) === 1;
    if (hasDecoderModel) {
      delayLength = bits(5) + 1;
      bits(32);
      bits(5 + 5);
    }
  }
  const hasDisplayDelay = bits(1) === 1;
  const count = bits(5) + 1;
  return Array.from({ length: count }, () => {
    const mask = bits(12);
    const level = bits(5);
    if (level > 7) bits(1);
    if (hasDecoderModel && bits(1) === 1) bits(2 * delayLength + 1);
    if (hasDisplayDelay && bits(1) === 1) bits(4);
    return mask;
  });
}

/** Section 5.5.1, from frame_width_bits_minus_1 up to the color configuration. */
function skipTools(bits: BitReader, isReduced: boolean): void {
  const [widthBits, heightBits] = [bits(4), bits(4)];
  bits(widthBits + 1);
  bits(heightBits + 1);
  const hasFrameIds = !isReduced && bits(1) === 1;
  if (hasFrameIds) bits(4 + 3);
  // Block size, and two filters of predictions.
  bits(3);
  if (!isReduced) skipInterTools(bits);
  // Three filters of frames.
  bits(3);
}

function skipInterTools(bits: BitReader): void {
  // Compound prediction by regions and by masks, warped motion, dual filter.
  bits(4);
  const hasOrderHint = bits(1) === 1;
  if (hasOrderHint) bits(2);
  const isChosenPerFrame = bits(1) === 1;
  const hasScreenContentTools = isChosenPerFrame || bits(1) === 1;
  if (hasScreenContentTools && bits(1) === 0) bits(1);
  if (hasOrderHint) bits(3);
}

/** Section 5.5.2; unspecified is 2. */
function readColorConfig(bits: BitReader, profile: number): NonNullable<ColorDescription['cicp']> {
  const isHighBitDepth = bits(1) === 1;
  if (profile === 2 && isHighBitDepth) bits(1);
  const isGray = profile !== 1 && bits(1) === 1;
  const isDescribed = bits(1) === 1;
  const [primaries, transfer, matrix] = isDescribed ? [bits(8), bits(8), bits(8)] : [2, 2, 2];
  const isRgb = !isGray && primaries === 1 && transfer === 13 && matrix === 0;
  const fullRange = isRgb || bits(1) === 1;
  return { primaries, transfer, matrix, fullRange };
}

type BitReader = (count: number) => number;

/** The bits after the end are 0. */
function createBitReader(bytes: Buffer): BitReader {
  let position = 0;
  return (count) => {
    let value = 0;
    for (let i = 0; i < count; i++, position++) {
      value = value * 2 + (((bytes[position >> 3] ?? 0) >> (7 - (position & 7))) & 1);
    }
    return value;
  };
}

/** Section 4.10.3. */
function skipVariableLength(bits: BitReader): void {
  let zeros = 0;
  while (zeros < 32 && bits(1) === 0) zeros++;
  if (zeros < 32) bits(zeros);
}
