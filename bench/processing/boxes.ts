/** Changes HEIF files (ISO/IEC 23008-12): a false size, or a large grid of one small image. */
import { text, u16, u32 } from './fields.js';

/** ISO/IEC 14496-12 section 4.2: size, type, contents. */
export function box(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([u32(8 + body.length), text(type), body]);
}

/** A box with a version and flags, all 0. */
export const fullBox = (type: string, ...parts: Buffer[]) => box(type, u32(0), ...parts);

/** The offset of a box's contents; searches for the type, without parsing the structure. */
function findContents(bytes: Buffer, type: string, from = 0): number {
  const offset = bytes.indexOf(type, from, 'latin1');
  if (offset < 0) throw new Error(`expected a box ${type}, found none`);
  return offset + 4;
}

/** Returns a copy of the file with another size in each of its boxes `ispe`. */
export function withClaimedSize(file: Buffer, width: number, height: number): Buffer {
  const bytes = Buffer.from(file);
  for (let start = bytes.indexOf('ispe'); start >= 0; start = bytes.indexOf('ispe', start + 4)) {
    u32(width, height).copy(bytes, start + 8);
  }
  return bytes;
}

interface Grid {
  columns: number;
  rows: number;
  /** The size that the grid claims, pixels. */
  width: number;
  height: number;
}

/** Creates a grid whose tiles are all the image of `file`, which must have a single box `mdat`. */
export function withTiles(file: Buffer, { columns, rows, width, height }: Grid): Buffer {
  const copyBox = (type: string) => {
    const start = findContents(file, type) - 8;
    return file.subarray(start, start + file.readUInt32BE(start));
  };
  const [codec, configuration] = file.includes('av1C') ? ['av01', 'av1C'] : ['hvc1', 'hvcC'];
  const tile = file.subarray(findContents(file, 'mdat'));
  const tiles = columns * rows;
  const ids = Array.from({ length: tiles }, (_, i) => i + 2);
  const each = (entry: (id: number) => Buffer) => Buffer.concat(ids.map(entry));
  const grid = Buffer.concat([Buffer.from([0, 1, rows - 1, columns - 1]), u32(width, height)]);
  const ftyp = box('ftyp', text(codec === 'av01' ? 'avif' : 'heic'), u32(0), text('mif1miaf'));
  const properties = [copyBox('ispe'), copyBox(configuration), copyBox('pixi')];
  const infe = (id: number, type: string) =>
    box('infe', Buffer.from([2, 0, 0, 0]), u16(id, 0), text(`${type}\0`));
  const meta = (dataStart: number) =>
    fullBox(
      'meta',
      fullBox('hdlr', u32(0), text('pict'), u32(0, 0, 0), Buffer.of(0)),
      fullBox('pitm', u16(1)),
      fullBox(
        'iloc',
        Buffer.from([0x44, 0]),
        u16(tiles + 1),
        u16(1, 0, 1),
        u32(dataStart, grid.length),
        each((id) => Buffer.concat([u16(id, 0, 1), u32(dataStart + grid.length, tile.length)])),
      ),
      fullBox(
        'iinf',
        u16(tiles + 1),
        infe(1, 'grid'),
        each((id) => infe(id, codec)),
      ),
      box(
        'iprp',
        box('ipco', ...properties, fullBox('ispe', u32(width, height))),
        fullBox(
          'ipma',
          u32(tiles + 1),
          Buffer.concat([u16(1), Buffer.from([1, 4])]),
          each((id) => Buffer.concat([u16(id), Buffer.from([3, 1, 130, 3])])),
        ),
      ),
      fullBox(
        'iref',
        box(
          'dimg',
          u16(1, tiles),
          each((id) => u16(id)),
        ),
      ),
    );
  const dataStart = ftyp.length + meta(0).length + 8;
  return Buffer.concat([ftyp, meta(dataStart), box('mdat', grid, tile)]);
}
