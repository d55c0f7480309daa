/** Reads the data of derived images: grids and overlays. */
import type { Size } from '../../domain/variant.js';
import { Cursor, damaged } from './boxes.js';

export interface Grid {
  columns: number;
  rows: number;
  /** Of the whole, pixels; the tiles may reach beyond it. */
  size: Size;
}

/** ISO/IEC 23008-12 section 6.6.2.3. */
export function readGrid(data: Buffer): Grid {
  const cursor = new Cursor(data, { start: 0, end: data.length });
  cursor.uint(1);
  const fieldLength = (cursor.uint(1) & 1) === 0 ? 2 : 4;
  const rows = cursor.uint(1) + 1;
  const columns = cursor.uint(1) + 1;
  const size = { width: cursor.uint(fieldLength), height: cursor.uint(fieldLength) };
  return { columns, rows, size };
}

/**
 * Checks that the tiles cover the image, and that none is outside of it (ISO/IEC 23000-22 section
 * 7.3.11.4.2).
 */
export function checkTiles({ columns, rows, size }: Grid, tile: Size): void {
  const covers = tile.width * columns >= size.width && tile.height * rows >= size.height;
  const overlaps =
    tile.width * (columns - 1) < size.width && tile.height * (rows - 1) < size.height;
  if (!covers || !overlaps) {
    throw damaged(
      `tiles that cover ${size.width} x ${size.height}`,
      `${columns} x ${rows} of ${tile.width} x ${tile.height}`,
    );
  }
}

/** ISO/IEC 23008-12 section 6.6.2.2: the size of the canvas; the offsets of the layers follow it. */
export function readOverlaySize(data: Buffer): Size {
  const cursor = new Cursor(data, { start: 0, end: data.length });
  cursor.uint(1);
  const fieldLength = (cursor.uint(1) & 1) === 0 ? 2 : 4;
  cursor.skip(8);
  return { width: cursor.uint(fieldLength), height: cursor.uint(fieldLength) };
}
