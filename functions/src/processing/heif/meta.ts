/** Reads the box `meta` of a HEIF file: items, where their data is, and what they refer to. */
import { checkCount } from '../limits.js';
import { Cursor, damaged, findBox, readBoxes, requireBox, unsupported } from './boxes.js';
import type { Box, Extent } from './boxes.js';

/** Items of a file: tiles, thumbnails, metadata. A photo of 50 megapixels in tiles of 128 pixels has 3,052. */
const MAX_ITEMS = 10_000;
/** Parts that the data of all items consist of; files of cameras have one per item. */
const MAX_EXTENTS = 20_000;
/** References of all items, ISO/IEC 14496-12 section 8.11.12. */
const MAX_REFERENCES = 50_000;

export interface Property {
  type: string;
  /** The contents of the box. */
  contents: Extent;
  /** A reader that does not know the property must not show the item. */
  isEssential: boolean;
}

export interface Item {
  id: number;
  /** `hvc1`, `av01`, `grid`, `Exif` and others. */
  type: string;
  /** @throws ImageFailure when the data are outside of the file */
  readExtents: () => Extent[];
  /** In the order of the file, in which the transformations among them apply. */
  properties: Property[];
}

export interface Meta {
  primary: number;
  /** @throws ImageFailure when there is no such item, or it cannot be read */
  item(id: number): Item;
  references: References;
}

interface References {
  /** The items that an item refers to, in order. */
  from(type: string, id: number): readonly number[];
  /** The items that refer to an item. */
  to(type: string, id: number): readonly number[];
}

/**
 * @param box the box `meta`, ISO/IEC 14496-12 section 8.11.1
 * @returns undefined when it names no primary item, as in a file of tracks only
 * @throws ImageFailure when the box is damaged or has too many parts
 */
export function readMeta(bytes: Buffer, box: Extent): Meta | undefined {
  const cursor = new Cursor(bytes, box);
  cursor.fullBox();
  const boxes = readBoxes(bytes, cursor.rest);
  const pitm = findBox(boxes, 'pitm');
  if (!pitm) return undefined;
  const primary = readPrimary(bytes, pitm);
  const types = readTypes(bytes, requireBox(boxes, 'iinf'));
  const locations = readLocations(bytes, requireBox(boxes, 'iloc'), findBox(boxes, 'idat'));
  const iprp = findBox(boxes, 'iprp');
  const propertiesOf = iprp ? readProperties(bytes, iprp) : () => [];
  const references = readReferences(bytes, findBox(boxes, 'iref'));
  return {
    primary,
    item(id) {
      const type = types.get(id);
      const readExtents = locations.get(id);
      if (type === undefined || !readExtents) throw damaged(`an item ${id}`, 'none');
      return { id, type, readExtents, properties: propertiesOf(id) };
    },
    references,
  };
}

function readPrimary(bytes: Buffer, pitm: Box): number {
  const cursor = new Cursor(bytes, pitm);
  return cursor.uint(cursor.fullBox().version === 0 ? 2 : 4);
}

/** Section 8.11.6. Versions 0 and 1 of `infe` name no type of an image. */
function readTypes(bytes: Buffer, iinf: Box): Map<number, string> {
  const cursor = new Cursor(bytes, iinf);
  cursor.uint(cursor.fullBox().version === 0 ? 2 : 4);
  const types = new Map<number, string>();
  for (const infe of readBoxes(bytes, cursor.rest)) {
    checkCount('items', types.size + 1, MAX_ITEMS);
    const entry = new Cursor(bytes, infe);
    const { version } = entry.fullBox();
    if (infe.type !== 'infe' || version < 2) continue;
    const id = entry.uint(version === 2 ? 2 : 4);
    const protection = entry.uint(2);
    types.set(id, protection === 0 ? entry.code() : ENCRYPTED);
  }
  return types;
}

/** Stands for the type of an item whose data are encrypted. */
const ENCRYPTED = 'encrypted';

/** Section 8.11.3. The offsets are checked when an item is used: damage elsewhere does no harm. */
function readLocations(bytes: Buffer, iloc: Box, idat?: Box): Map<number, () => Extent[]> {
  const cursor = new Cursor(bytes, iloc);
  const { version } = cursor.fullBox();
  const sizes = cursor.uint(2);
  const offsetSize = readFieldSize(sizes >> 12);
  const lengthSize = readFieldSize((sizes >> 8) & 15);
  const baseSize = readFieldSize((sizes >> 4) & 15);
  const indexSize = version === 0 ? 0 : readFieldSize(sizes & 15);
  const count = cursor.uint(version < 2 ? 2 : 4);
  checkCount('items', count, MAX_ITEMS);
  const locations = new Map<number, () => Extent[]>();
  let extents = 0;
  for (let i = 0; i < count; i++) {
    const id = cursor.uint(version < 2 ? 2 : 4);
    const method = version === 0 ? 0 : cursor.uint(2) & 15;
    const dataReference = cursor.uint(2);
    const base = cursor.uint(baseSize);
    const extentCount = cursor.uint(2);
    extents += extentCount;
    checkCount('parts of item data', extents, MAX_EXTENTS);
    const parts = Array.from({ length: extentCount }, () => {
      cursor.skip(indexSize);
      return { offset: cursor.uint(offsetSize), length: cursor.uint(lengthSize) };
    });
    locations.set(id, () => {
      const source = dataReference === 0 ? DATA_SOURCES[method]?.(bytes, idat) : undefined;
      if (!source) {
        throw unsupported(`item data outside of the file, construction method ${method}`);
      }
      return parts.map(({ offset, length }) => locate(source, base + offset, length));
    });
  }
  return locations;
}

function readFieldSize(size: number): number {
  if (size !== 0 && size !== 4 && size !== 8) throw damaged('fields of 0, 4 or 8 bytes', size);
  return size;
}

/** What offsets of a construction method count from; 2, other items, is not supported. */
const DATA_SOURCES: ((bytes: Buffer, idat?: Box) => Extent | undefined)[] = [
  (bytes) => ({ start: 0, end: bytes.length }),
  (_bytes, idat) => idat,
];

/** @param length bytes; 0: up to the end */
function locate(source: Extent, offset: number, length: number): Extent {
  const start = source.start + offset;
  const end = length === 0 ? source.end : start + length;
  if (end > source.end || start > end) {
    throw damaged(`item data up to byte ${source.end}`, `${start} to ${end}`);
  }
  return { start, end };
}

/** Sections 8.11.14 (`iprp`, `ipco`, `ipma`). */
function readProperties(bytes: Buffer, iprp: Box): (id: number) => Property[] {
  const boxes = readBoxes(bytes, iprp);
  const properties = readBoxes(bytes, requireBox(boxes, 'ipco'));
  /** The associations of an item; an index of 7 or 15 bits after a bit for `essential`. */
  const associations = new Map<number, { indices: Extent; indexSize: number }>();
  for (const ipma of boxes.filter(({ type }) => type === 'ipma')) {
    const cursor = new Cursor(bytes, ipma);
    const { version, flags } = cursor.fullBox();
    const count = cursor.uint(4);
    checkCount('items', associations.size + count, MAX_ITEMS);
    const indexSize = (flags & 1) === 0 ? 1 : 2;
    for (let i = 0; i < count; i++) {
      const id = cursor.uint(version < 1 ? 2 : 4);
      const length = cursor.uint(1) * indexSize;
      const start = cursor.skip(length);
      if (!associations.has(id)) {
        associations.set(id, { indices: { start, end: start + length }, indexSize });
      }
    }
  }
  return (id) => {
    const { indices, indexSize } = associations.get(id) ?? NO_ASSOCIATIONS;
    const essentialBit = indexSize === 1 ? 0x80 : 0x8000;
    const cursor = new Cursor(bytes, indices);
    const result: Property[] = [];
    while (cursor.offset < indices.end) {
      const value = cursor.uint(indexSize);
      const index = value & (essentialBit - 1);
      // Index 0 means no property.
      if (index === 0) continue;
      const box = properties[index - 1];
      if (!box) throw damaged(`a property ${index}`, `${properties.length} properties`);
      result.push({ type: box.type, contents: box, isEssential: value >= essentialBit });
    }
    return result;
  };
}

const NO_ASSOCIATIONS = { indices: { start: 0, end: 0 }, indexSize: 1 };

/** Section 8.11.12. */
function readReferences(bytes: Buffer, iref?: Box): References {
  const targets = new Map<string, number[]>();
  const sources = new Map<string, number[]>();
  const add = (map: Map<string, number[]>, key: string, id: number) => {
    const ids = map.get(key);
    if (ids) ids.push(id);
    else map.set(key, [id]);
  };
  const read = (box: Box, idSize: number, previous: number) => {
    const entry = new Cursor(bytes, box);
    const from = entry.uint(idSize);
    const count = entry.uint(2);
    checkCount('references', previous + count, MAX_REFERENCES);
    for (let i = 0; i < count; i++) {
      const to = entry.uint(idSize);
      add(targets, `${box.type} ${from}`, to);
      add(sources, `${box.type} ${to}`, from);
    }
    return previous + count;
  };
  if (iref) {
    const cursor = new Cursor(bytes, iref);
    const idSize = cursor.fullBox().version === 0 ? 2 : 4;
    readBoxes(bytes, cursor.rest).reduce((total, box) => read(box, idSize, total), 0);
  }
  return {
    from: (type, id) => targets.get(`${type} ${id}`) ?? [],
    to: (type, id) => sources.get(`${type} ${id}`) ?? [],
  };
}
