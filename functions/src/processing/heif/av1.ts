/** Selects layers of a layered AV1 image; libheif decodes all of them and knows no selection. */
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
    if (type === SEQUENCE_HEADER) mask = readOperatingPoint(contents, operatingPoint);
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

/** Section 5.5.1. @returns a mask of layers */
function readOperatingPoint(sequenceHeader: Buffer, index: number): number {
  const bits = createBitReader(sequenceHeader);
  bits(3 + 1);
  const isReduced = bits(1) === 1;
  if (isReduced) return ALL_LAYERS;
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
  if (index >= count) throw damaged(`an operating point below ${count}`, index);
  for (let i = 0; ; i++) {
    const mask = bits(12);
    if (i === index) return mask === 0 ? ALL_LAYERS : mask;
    const level = bits(5);
    if (level > 7) bits(1);
    if (hasDecoderModel && bits(1) === 1) bits(2 * delayLength + 1);
    if (hasDisplayDelay && bits(1) === 1) bits(4);
  }
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
