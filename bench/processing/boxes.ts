/** HEIF files (ISO/IEC 23008-12) that lie about their size, and large ones out of a small one. */
import { text, u16, u32 } from './fields.js';

/** ISO/IEC 14496-12 section 4.2: size, type, contents. */
export function box(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([u32(8 + body.length), text(type), body]);
}

/** With a version and flags, all 0. */
const full = (type: string, ...parts: Buffer[]) => box(type, u32(0), ...parts);

/** Where a box's contents begin; the name is looked for, not the structure. */
function contentsOf(bytes: Buffer, type: string, from = 0): number {
  const at = bytes.indexOf(type, from, 'latin1');
  if (at < 0) throw new Error(`expected a box ${type}, found none`);
  return at + 4;
}

/** The file, each of its boxes `ispe` claiming another size. */
export function claiming(file: Buffer, width: number, height: number): Buffer {
  const bytes = Buffer.from(file);
  for (let at = bytes.indexOf('ispe'); at >= 0; at = bytes.indexOf('ispe', at + 4)) {
    u32(width, height).copy(bytes, at + 8);
  }
  return bytes;
}

interface Grid {
  columns: number;
  rows: number;
  /** What the grid says of itself, pixels. */
  width: number;
  height: number;
}

/** A picture of tiles that are all the one picture of `file`, which its only box `mdat` holds. */
export function tiled(file: Buffer, { columns, rows, width, height }: Grid): Buffer {
  const whole = (type: string) => {
    const start = contentsOf(file, type) - 8;
    return file.subarray(start, start + file.readUInt32BE(start));
  };
  const [codec, configuration] = file.includes('av1C') ? ['av01', 'av1C'] : ['hvc1', 'hvcC'];
  const tile = file.subarray(contentsOf(file, 'mdat'));
  const tiles = columns * rows;
  const ids = Array.from({ length: tiles }, (_, i) => i + 2);
  const each = (entry: (id: number) => Buffer) => Buffer.concat(ids.map(entry));
  const grid = Buffer.concat([Buffer.from([0, 1, rows - 1, columns - 1]), u32(width, height)]);
  const ftyp = box('ftyp', text(codec === 'av01' ? 'avif' : 'heic'), u32(0), text('mif1miaf'));
  const properties = [whole('ispe'), whole(configuration), whole('pixi')];
  const infe = (id: number, type: string) =>
    box('infe', Buffer.from([2, 0, 0, 0]), u16(id, 0), text(`${type}\0`));
  const meta = (start: number) =>
    full(
      'meta',
      full('hdlr', u32(0), text('pict'), u32(0, 0, 0), Buffer.of(0)),
      full('pitm', u16(1)),
      full(
        'iloc',
        Buffer.from([0x44, 0]),
        u16(tiles + 1),
        u16(1, 0, 1),
        u32(start, grid.length),
        each((id) => Buffer.concat([u16(id, 0, 1), u32(start + grid.length, tile.length)])),
      ),
      full(
        'iinf',
        u16(tiles + 1),
        infe(1, 'grid'),
        each((id) => infe(id, codec)),
      ),
      box(
        'iprp',
        box('ipco', ...properties, full('ispe', u32(width, height))),
        full(
          'ipma',
          u32(tiles + 1),
          Buffer.concat([u16(1), Buffer.from([1, 4])]),
          each((id) => Buffer.concat([u16(id), Buffer.from([3, 1, 130, 3])])),
        ),
      ),
      full(
        'iref',
        box(
          'dimg',
          u16(1, tiles),
          each((id) => u16(id)),
        ),
      ),
    );
  const start = ftyp.length + meta(0).length + 8;
  return Buffer.concat([ftyp, meta(start), box('mdat', grid, tile)]);
}
