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
export const u16 = (...values: number[]) => Buffer.concat(values.map((v) => u8(v >> 8, v & 255)));
export const u32 = (...values: number[]) =>
  Buffer.concat(values.map((v) => u16(Math.floor(v / 65_536), v % 65_536)));
export const text = (value: string) => Buffer.from(value, 'latin1');

/** ISO/IEC 14496-12 section 4.2: size, type, contents. */
export function box(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([u32(8 + body.length), text(type), body]);
}
/** A box with a version and flags, both 0. */
export const fullBox = (type: string, ...parts: Buffer[]) => box(type, u32(0), ...parts);

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

/** Reads the items of a file that libheif or writeHeif wrote: each has properties and one extent. */
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
    const baseSize = (iloc[13] as number) >> 4;
    const entry = iloc.subarray(16 + (14 + baseSize) * i);
    const extent = entry.subarray(6 + baseSize);
    const from = (baseSize === 0 ? 0 : entry.readUInt32BE(4)) + extent.readUInt32BE(0);
    const data = file.subarray(from, from + extent.readUInt32BE(4));
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

interface Track {
  item: HeifItem;
  width: number;
  height: number;
  /** Whether the frames are the alpha channel of track 1. */
  isAlpha?: boolean;
  /** By the alpha channel in track 2. */
  isPremultiplied?: boolean;
}

/** Writes an image sequence; every track has one frame, track ids count from 1. */
export function writeSequence(
  tracks: Track[],
  { brand = 'avis', others = [] as Buffer[] } = {},
): Buffer {
  const ftyp = box('ftyp', text(brand), u32(0), text(`${brand}msf1miaf`));
  const trak = (
    { item, width, height, isAlpha, isPremultiplied }: Track,
    i: number,
    offset: number,
  ) => {
    const references = [
      ...(isAlpha ? [box('auxl', u32(1))] : []),
      ...(isPremultiplied ? [box('prem', u32(2))] : []),
    ];
    const fields = [Buffer.alloc(24), u16(width, height), Buffer.alloc(50)];
    const table = [
      fullBox('stsd', u32(1), box(item.type, ...fields, ...item.properties)),
      fullBox('stsz', u32(0, 1, item.data.length)),
      fullBox('stsc', u32(1, 1, 1, 1)),
      fullBox('stco', u32(1, offset)),
    ];
    const hdlr = fullBox('hdlr', u32(0), text(isAlpha ? 'auxv' : 'pict'), Buffer.alloc(13));
    return box(
      'trak',
      fullBox('tkhd', u32(0, 0, i + 1), Buffer.alloc(64)),
      ...(references.length > 0 ? [box('tref', ...references)] : []),
      box('mdia', hdlr, box('minf', box('stbl', ...table))),
    );
  };
  const head = (dataStart: number) => {
    let offset = dataStart;
    const allTracks = tracks.map((track, i) => {
      offset += track.item.data.length;
      return trak(track, i, offset - track.item.data.length);
    });
    return Buffer.concat([ftyp, ...others, box('moov', ...allTracks)]);
  };
  const dataStart = head(0).length + 8;
  return Buffer.concat([head(dataStart), box('mdat', ...tracks.map(({ item }) => item.data))]);
}
