/** Writes a HEIF file of one image for the decoder, from parts of an uploaded file. */
import type { Size } from '../../domain/variant.js';

export interface OutputItem {
  /** `hvc1`, `av01`, `grid` or `iovl`. */
  type: string;
  /** Items with the same key share their data. */
  key: string;
  data: Buffer;
  /** Whole boxes, each with whether the decoder must know it. */
  properties: OutputProperty[];
  /** Items that this one is derived from, by index. */
  sources: number[];
  /** The item, by index, whose alpha channel this one is. */
  alphaOf?: number;
}

export interface OutputProperty {
  /** Properties with the same key are the same. */
  key: string;
  /** The whole box; written once for each key. */
  box: () => Buffer;
  isEssential: boolean;
}

function uint(length: number, ...values: number[]): Buffer {
  const bytes = Buffer.alloc(length * values.length);
  values.forEach((value, i) => bytes.writeUIntBE(value, i * length, length));
  return bytes;
}

/** ISO/IEC 14496-12 section 4.2: size, type, contents. */
export function writeBox(type: string, ...parts: Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 8);
  return Buffer.concat([uint(4, length), Buffer.from(type, 'latin1'), ...parts]);
}

/** A box with version 0, and flags. */
function writeFullBox(type: string, flags: number, ...parts: Buffer[]): Buffer {
  return writeBox(type, uint(4, flags), ...parts);
}

export function sizeProperty({ width, height }: Size): OutputProperty {
  const box = () => writeFullBox('ispe', 0, uint(4, width, height));
  return { key: `ispe ${width} ${height}`, box, isEssential: false };
}

export const ALPHA_PROPERTY: OutputProperty = {
  key: 'auxC',
  box: () => writeFullBox('auxC', 0, Buffer.from('urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0')),
  isEssential: true,
};

/**
 * @param type the brand
 * @param items at most 65,534
 * @param primary the index of the image
 */
export function writeHeif(
  type: 'avif' | 'heic',
  items: readonly OutputItem[],
  primary: number,
): Buffer {
  const id = (index: number) => index + 1;
  const brands = Buffer.from(`${type}\0\0\0\0mif1${type}miaf`, 'latin1');
  const ftyp = writeBox('ftyp', brands);
  const { data, offsets } = collectData(items);
  const infe = items.map((item, index) =>
    // Version 2; flag 1: the item is not shown on its own.
    writeBox(
      'infe',
      uint(1, 2, 0, 0, index === primary ? 0 : 1),
      uint(2, id(index), 0),
      Buffer.from(`${item.type}\0`),
    ),
  );
  const references = items.flatMap(({ sources, alphaOf }, index) => [
    ...(sources.length > 0
      ? [writeBox('dimg', uint(2, id(index), sources.length, ...sources.map(id)))]
      : []),
    ...(alphaOf === undefined ? [] : [writeBox('auxl', uint(2, id(index), 1, id(alphaOf)))]),
  ]);
  const meta = (dataStart: number) =>
    writeFullBox(
      'meta',
      0,
      writeFullBox('hdlr', 0, uint(4, 0), Buffer.from('pict'), Buffer.alloc(13)),
      writeFullBox('pitm', 0, uint(2, id(primary))),
      writeFullBox(
        'iloc',
        0,
        uint(2, 0x4400, items.length),
        ...items.map((item, index) =>
          Buffer.concat([
            uint(2, id(index), 0, 1),
            uint(4, dataStart + (offsets[index] as number), item.data.length),
          ]),
        ),
      ),
      writeFullBox('iinf', 0, uint(2, items.length), ...infe),
      writeProperties(items),
      ...(references.length > 0 ? [writeFullBox('iref', 0, ...references)] : []),
    );
  const dataStart = ftyp.length + meta(0).length + 8;
  return Buffer.concat([
    ftyp,
    meta(dataStart),
    uint(4, 8 + data.length),
    Buffer.from('mdat'),
    data,
  ]);
}

function collectData(items: readonly OutputItem[]): { data: Buffer; offsets: number[] } {
  const known = new Map<string, number>();
  const parts: Buffer[] = [];
  let length = 0;
  const offsets = items.map(({ key, data }) => {
    const offset = known.get(key) ?? length;
    if (offset === length) {
      known.set(key, offset);
      parts.push(data);
      length += data.length;
    }
    return offset;
  });
  return { data: Buffer.concat(parts), offsets };
}

/** Writes each property once. Indices have 15 bits (flag 1 of `ipma`). */
function writeProperties(items: readonly OutputItem[]): Buffer {
  const indices = new Map<string, number>();
  const boxes: Buffer[] = [];
  const indexOf = ({ key, box }: OutputProperty) => {
    const known = indices.get(key);
    if (known !== undefined) return known;
    indices.set(key, boxes.push(box()));
    return boxes.length;
  };
  const associations = items.map(({ properties }, index) =>
    Buffer.concat([
      uint(2, index + 1),
      uint(1, properties.length),
      uint(2, ...properties.map((one) => indexOf(one) + (one.isEssential ? 0x8000 : 0))),
    ]),
  );
  return writeBox(
    'iprp',
    writeBox('ipco', ...boxes),
    writeFullBox('ipma', 1, uint(4, items.length), ...associations),
  );
}
