/** Reads and writes the items of HEIC and AVIF files (ISO/IEC 23008-12; boxes: ISO/IEC 14496-12). */
import { text, u16, u32 } from '../processing/fields.js';
import { box, fullBox } from '../processing/boxes.js';

export interface HeifItem {
  type: string;
  data: Buffer;
  /** Whole boxes, in the order in which they apply. */
  properties: Buffer[];
  hidden?: boolean;
}

/** Ids count from 1, in the order of the items. */
export type HeifReference = readonly [type: string, from: number, ...to: number[]];

export interface HeifFile {
  items: HeifItem[];
  references: HeifReference[];
  primary: number;
  /** The major brand, then the compatible brands. */
  brands: string[];
}

export const irot = (quarters: number) => box('irot', Buffer.of(quarters));
/** 0: top and bottom are exchanged; 1: left and right. */
export const imir = (axis: number) => box('imir', Buffer.of(axis));
/** Width and height in pixels; the offset of the centers in half pixels. */
export const clap = (width: number, height: number, x: number, y: number) =>
  box('clap', u32(width, 1, height, 1, x >>> 0, 2, y >>> 0, 2));
export const nclx = (primaries: number, transfer: number, matrix: number, fullRange = true) =>
  box('colr', text('nclx'), u16(primaries, transfer, matrix), Buffer.of(fullRange ? 128 : 0));
export const prof = (profile: Buffer) => box('colr', text('prof'), profile);
/** The meaning of an auxiliary image. */
export const auxC = (urn: string) => fullBox('auxC', text(`${urn}\0`));
/** The contents of an item `grid`; width and height in pixels. */
export const gridData = (columns: number, rows: number, width: number, height: number) =>
  Buffer.concat([Buffer.of(0, 1, rows - 1, columns - 1), u32(width, height)]);
export const ispe = (width: number, height: number) => fullBox('ispe', u32(width, height));

export const boxType = (bytes: Buffer) => bytes.toString('latin1', 4, 8);

function* boxesIn(bytes: Buffer): Generator<Buffer> {
  for (let offset = 0; offset + 8 <= bytes.length;) {
    const size = bytes.readUInt32BE(offset) || bytes.length - offset;
    yield bytes.subarray(offset, offset + size);
    offset += Math.max(size, 8);
  }
}

/** The contents of the first box of a type, without its header. */
function contents(bytes: Buffer, type: string): Buffer | undefined {
  for (const one of boxesIn(bytes)) if (boxType(one) === type) return one.subarray(8);
  return undefined;
}

class Reader {
  constructor(
    private readonly bytes: Buffer,
    private offset = 0,
  ) {}

  number(length: number): number {
    this.offset += length;
    return length === 0 ? 0 : this.bytes.readUIntBE(this.offset - length, length);
  }

  text(length: number): string {
    this.offset += length;
    return this.bytes.toString('latin1', this.offset - length, this.offset);
  }
}

/** @throws Error when the file has no items */
export function readHeif(file: Buffer): HeifFile {
  const ftyp = contents(file, 'ftyp') ?? Buffer.alloc(0);
  const meta = contents(file, 'meta')?.subarray(4);
  if (meta === undefined) throw new Error('expected a box meta, found none');
  const [types, ids] = readItemTypes(contents(meta, 'iinf') ?? Buffer.alloc(6));
  const data = readLocations(file, meta);
  const properties = readProperties(contents(meta, 'iprp') ?? Buffer.alloc(0));
  const indexOf = (id: number) => ids.indexOf(id) + 1;
  const pitm = contents(meta, 'pitm') ?? Buffer.alloc(6);
  return {
    brands: [0, ...Array.from({ length: ftyp.length / 4 - 2 }, (_, i) => 8 + 4 * i)].map((at) =>
      ftyp.toString('latin1', at, at + 4),
    ),
    primary: indexOf(pitm[0] === 0 ? pitm.readUInt16BE(4) : pitm.readUInt32BE(4)),
    items: ids.map((id, i) => ({
      ...{ type: types[i]?.type ?? '', hidden: types[i]?.hidden ?? false },
      data: data.get(id) ?? Buffer.alloc(0),
      properties: properties.get(id) ?? [],
    })),
    references: readReferences(contents(meta, 'iref')).map(
      ([type, ...all]) => [type, ...all.map(indexOf)] as unknown as HeifReference,
    ),
  };
}

function readItemTypes(iinf: Buffer): [{ type: string; hidden: boolean }[], number[]] {
  const types: { type: string; hidden: boolean }[] = [];
  const ids: number[] = [];
  for (const infe of boxesIn(iinf.subarray(iinf[0] === 0 ? 6 : 8))) {
    const reader = new Reader(infe, 8);
    const version = reader.number(1);
    const flags = reader.number(3);
    ids.push(reader.number(version === 2 ? 2 : 4));
    reader.number(2);
    types.push({ type: reader.text(4), hidden: (flags & 1) === 1 });
  }
  return [types, ids];
}

function readLocations(file: Buffer, meta: Buffer): Map<number, Buffer> {
  const iloc = contents(meta, 'iloc') ?? Buffer.alloc(8);
  const idat = contents(meta, 'idat') ?? Buffer.alloc(0);
  const reader = new Reader(iloc);
  const version = reader.number(1);
  reader.number(3);
  const [sizes, moreSizes] = [reader.number(1), reader.number(1)];
  const [offsetSize, lengthSize, baseSize] = [sizes >> 4, sizes & 15, moreSizes >> 4];
  const indexSize = version > 0 ? moreSizes & 15 : 0;
  const data = new Map<number, Buffer>();
  const count = reader.number(version < 2 ? 2 : 4);
  for (let i = 0; i < count; i++) {
    const id = reader.number(version < 2 ? 2 : 4);
    const method = version > 0 ? reader.number(2) & 15 : 0;
    reader.number(2);
    const base = reader.number(baseSize);
    const parts = Array.from({ length: reader.number(2) }, () => {
      reader.number(indexSize);
      const from = base + reader.number(offsetSize);
      const length = reader.number(lengthSize);
      return (method === 1 ? idat : file).subarray(from, from + length);
    });
    data.set(id, Buffer.concat(parts));
  }
  return data;
}

function readProperties(iprp: Buffer): Map<number, Buffer[]> {
  const all = [...boxesIn(contents(iprp, 'ipco') ?? Buffer.alloc(0))];
  const reader = new Reader(contents(iprp, 'ipma') ?? Buffer.alloc(8));
  const version = reader.number(1);
  const isWide = (reader.number(3) & 1) === 1;
  const properties = new Map<number, Buffer[]>();
  const count = reader.number(4);
  for (let i = 0; i < count; i++) {
    const id = reader.number(version === 0 ? 2 : 4);
    const own = Array.from({ length: reader.number(1) }, () =>
      isWide ? reader.number(2) & 0x7fff : reader.number(1) & 0x7f,
    );
    properties.set(
      id,
      own.flatMap((index) => all[index - 1] ?? []),
    );
  }
  return properties;
}

function readReferences(iref: Buffer | undefined): HeifReference[] {
  if (iref === undefined) return [];
  const size = iref[0] === 0 ? 2 : 4;
  return [...boxesIn(iref.subarray(4))].map((one) => {
    const reader = new Reader(one, 8);
    const from = reader.number(size);
    const to = Array.from({ length: reader.number(2) }, () => reader.number(size));
    return [boxType(one), from, ...to] as const;
  });
}

/** The properties that a reader must understand. */
const ESSENTIAL = new Set(['hvcC', 'av1C', 'irot', 'imir', 'clap', 'lsel', 'a1op']);

export function writeHeif({ items, references, primary, brands }: HeifFile): Buffer {
  const [major = 'mif1', ...compatible] = brands;
  const ftyp = box('ftyp', text(major), u32(0), ...compatible.map(text));
  const properties = [...new Set(items.flatMap((item) => item.properties))];
  const ipma = items.map((item, i) => {
    const indices = item.properties.map(
      (one) => properties.indexOf(one) + 1 + (ESSENTIAL.has(boxType(one)) ? 128 : 0),
    );
    return Buffer.concat([u16(i + 1), Buffer.of(indices.length, ...indices)]);
  });
  const infe = items.map(({ type, hidden }, i) =>
    box('infe', Buffer.of(2, 0, 0, hidden ? 1 : 0), u16(i + 1, 0), text(`${type}\0`)),
  );
  const iref = references.map(([type, from, ...to]) => box(type, u16(from, to.length, ...to)));
  const meta = (dataStart: number) => {
    let offset = dataStart;
    const iloc = items.map(({ data }, i) => {
      offset += data.length;
      return Buffer.concat([u16(i + 1, 0, 1), u32(offset - data.length, data.length)]);
    });
    return fullBox(
      'meta',
      fullBox('hdlr', u32(0), text('pict'), u32(0, 0, 0), Buffer.of(0)),
      fullBox('pitm', u16(primary)),
      fullBox('iloc', Buffer.of(0x44, 0), u16(items.length), ...iloc),
      fullBox('iinf', u16(items.length), ...infe),
      box('iprp', box('ipco', ...properties), fullBox('ipma', u32(items.length), ...ipma)),
      ...(iref.length > 0 ? [fullBox('iref', ...iref)] : []),
    );
  };
  const dataStart = ftyp.length + meta(0).length + 8;
  return Buffer.concat([ftyp, meta(dataStart), box('mdat', ...items.map(({ data }) => data))]);
}

/**
 * Changes the properties of the primary image.
 * @param auxiliary changes those of its alpha image, too
 */
export function withProperties(
  file: Buffer,
  change: (properties: Buffer[]) => Buffer[],
  { auxiliary = false } = {},
): Buffer {
  const heif = readHeif(file);
  const changed = new Set([heif.primary]);
  for (const [type, from] of auxiliary ? heif.references : [])
    if (type === 'auxl') changed.add(from);
  const items = heif.items.map((item, i) =>
    changed.has(i + 1) ? { ...item, properties: change(item.properties) } : item,
  );
  return writeHeif({ ...heif, items });
}

/** Replaces all properties of a type by others, which come last. */
export function replacing(type: string, ...others: Buffer[]) {
  return (properties: Buffer[]) => [
    ...properties.filter((one) => boxType(one) !== type),
    ...others,
  ];
}
