/** Reads and writes HEIF files (ISO/IEC 23008-12), for tests of the HEIC decoder. */

/** A HEIF item: its data, and its properties, each a whole box. */
export interface HeifItem {
  type: string;
  data: Buffer;
  properties: Buffer[];
  /** Not to be displayed on its own. */
  hidden?: boolean;
}

export type HeifReference = [type: string, from: number, ...to: number[]];

/** Unsigned big-endian integers of 8, 16 and 32 bits. */
export const u8 = (...values: number[]) => Buffer.from(values);
const u16 = (...values: number[]) => Buffer.concat(values.map((v) => u8(v >> 8, v & 255)));
const u32 = (...values: number[]) =>
  Buffer.concat(values.map((v) => u16(Math.floor(v / 65_536), v % 65_536)));
const text = (value: string) => Buffer.from(value, 'latin1');

/** ISO/IEC 14496-12 section 4.2: size, type, contents. */
function box(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([u32(8 + body.length), text(type), body]);
}
/** A box with a version and flags, both 0. */
const fullBox = (type: string, ...parts: Buffer[]) => box(type, u32(0), ...parts);

export const ispe = (width: number, height: number) => fullBox('ispe', u32(width, height));
export const irot = (quarters: number) => box('irot', u8(quarters));
export const imir = (axis: number) => box('imir', u8(axis));
export const prof = (icc: Buffer) => box('colr', text('prof'), icc);
export const nclx = (p: number, t: number, m: number, isFullRange: boolean) =>
  box('colr', text('nclx'), u16(p, t, m), u8(isFullRange ? 128 : 0));
export const auxC = (urn: string) => fullBox('auxC', text(`${urn}\0`));
/** Width and height in pixels; offsets between the centers in half pixels. */
export const clap = (width: number, height: number, x: number, y: number) =>
  box('clap', u32(width, 1, height, 1, x, 2, y, 2));
export const gridData = (columns: number, rows: number, width: number, height: number) =>
  Buffer.concat([u8(0, 1, rows - 1, columns - 1), u32(width, height)]);

export const boxType = (bytes: Buffer) => bytes.toString('latin1', 4, 8);

/** Lists the boxes from `start` on. */
function readBoxes(bytes: Buffer, start: number): Buffer[] {
  if (start + 8 > bytes.length) return [];
  const end = start + bytes.readUInt32BE(start);
  return [bytes.subarray(start, end), ...readBoxes(bytes, end)];
}
const findBox = (bytes: Buffer, start: number, type: string) =>
  readBoxes(bytes, start).find((one) => boxType(one) === type) as Buffer;

/** Reads the items of a file that heif-enc 1.15 wrote: each has properties and one extent. */
export function readHeifItems(file: Buffer): HeifItem[] {
  const meta = findBox(file, 0, 'meta');
  const iprp = findBox(meta, 12, 'iprp');
  const ipco = readBoxes(findBox(iprp, 8, 'ipco'), 8);
  const iloc = findBox(meta, 12, 'iloc');
  let ipma = findBox(iprp, 8, 'ipma').subarray(16);
  return readBoxes(findBox(meta, 12, 'iinf'), 14).map((infe, i) => {
    const end = 3 + (ipma[2] as number);
    const properties = [...ipma.subarray(3, end)].map((one) => ipco[(one & 127) - 1] as Buffer);
    ipma = ipma.subarray(end);
    const entry = iloc.subarray(16 + 18 * i);
    const from = entry.readUInt32BE(4) + entry.readUInt32BE(10);
    const data = file.subarray(from, from + entry.readUInt32BE(14));
    return { type: infe.toString('latin1', 16, 20), data, properties };
  });
}

/** Writes a file; item ids count from 1. */
export function writeHeif(
  items: HeifItem[],
  references: HeifReference[] = [],
  { brand = 'heic', primary = 1 } = {},
): Buffer {
  const ftyp = box('ftyp', text(brand), u32(0), text(`mif1${brand}`));
  // Each property once: an index has 7 bits.
  const properties = [...new Set(items.flatMap((item) => item.properties))];
  const ipma = items.map((item, i) => {
    const indices = item.properties.map((one) => {
      const isEssential = ['hvcC', 'av1C', 'irot', 'imir', 'clap', 'lsel', 'a1op'].includes(
        boxType(one),
      );
      return properties.indexOf(one) + 1 + (isEssential ? 128 : 0);
    });
    return Buffer.concat([u16(i + 1), u8(indices.length, ...indices)]);
  });
  const infe = items.map(({ type, hidden }, i) =>
    box('infe', u8(2, 0, 0, hidden ? 1 : 0), u16(i + 1, 0), text(`${type}\0`)),
  );
  const iref = references.map(([type, from, ...to]) => box(type, u16(from, to.length, ...to)));
  const meta = (dataStart: number) => {
    let offset = dataStart;
    const iloc = items.map(({ data }, i) => {
      offset += data.length;
      return Buffer.concat([u16(i + 1, 0, 1), u32(offset - data.length, data.length)]);
    });
    const boxes = [
      fullBox('hdlr', u32(0), text('pict'), u32(0, 0, 0), u8(0)),
      fullBox('pitm', u16(primary)),
      fullBox('iloc', u8(0x44, 0), u16(items.length), ...iloc),
      fullBox('iinf', u16(items.length), ...infe),
      box('iprp', box('ipco', ...properties), fullBox('ipma', u32(items.length), ...ipma)),
    ];
    return fullBox('meta', ...boxes, ...(iref.length > 0 ? [fullBox('iref', ...iref)] : []));
  };
  const dataStart = ftyp.length + meta(0).length + 8;
  return Buffer.concat([ftyp, meta(dataStart), box('mdat', ...items.map(({ data }) => data))]);
}
