/** Adds code points of colors to an AVIF that libheif has written. ISO/IEC 14496-12 and 23008-12. */
import type { CodePoints } from '../color-description.js';
import { readSequenceColor } from './av1.js';
import { Cursor, readBoxes, requireBox, type Box } from './boxes.js';
import { writeBox } from './writer.js';

/** Version and flags of a full box. */
const FULL_BOX = 4;
/** Size and type of a box. */
const BOX_HEADER = 8;

/**
 * Adds the box `colr` of type `nclx` (ISO/IEC 14496-12, section 12.1.5) to the shown image. It comes before what the
 * AV1 data says (AV1 Image File Format, section 2.2.1).
 * @param avif an output of the encoder, of one image and maybe its alpha channel
 * @returns a new file
 */
export function addColors(avif: Buffer, { primaries, transfer }: CodePoints): Buffer {
  const all = readBoxes(avif, { start: 0, end: avif.length });
  const meta = requireBox(all, 'meta');
  const boxes = readBoxes(avif, { ...meta, start: meta.start + FULL_BOX });
  const shown = avif.readUInt16BE(requireBox(boxes, 'pitm').start + FULL_BOX);
  const properties = requireBox(boxes, 'iprp');
  const [list, associations] = readBoxes(avif, properties) as [Box, Box];
  const locations = readLocations(avif, requireBox(boxes, 'iloc'));
  const data = locations.find(({ item }) => item === shown);
  const own = data && readSequenceColor(avif.subarray(data.start, data.start + data.length));
  if (!own) throw new Error('expected AV1 data with code points, found none');

  // How the encoder has made YUV of RGB stays.
  const codes = Buffer.from([
    0,
    primaries,
    0,
    transfer,
    0,
    own.matrix ?? 0,
    own.fullRange ? 0x80 : 0,
  ]);
  const colors = writeBox('colr', Buffer.from('nclx'), codes);
  const place = findAssociations(avif, associations, shown);
  const index = readBoxes(avif, list).length + 1;
  const copy = Buffer.from(avif);
  const grow = (at: number, by: number) => copy.writeUInt32BE(copy.readUInt32BE(at) + by, at);
  copy.writeUInt8(copy.readUInt8(place.count) + 1, place.count);
  for (const box of [meta, properties]) grow(box.start - BOX_HEADER, colors.length + 1);
  grow(list.start - BOX_HEADER, colors.length);
  grow(associations.start - BOX_HEADER, 1);
  for (const { field } of locations) grow(field, colors.length + 1);
  return Buffer.concat([
    copy.subarray(0, list.end),
    colors,
    copy.subarray(list.end, place.end),
    Buffer.from([index]),
    copy.subarray(place.end),
  ]);
}

interface Location {
  item: number;
  /** Offsets in the file: where the data is, and where `iloc` says so. */
  start: number;
  field: number;
  length: number;
}

/** ISO/IEC 14496-12, section 8.11.3: version 0, all numbers of four bytes, one extent for each item. */
function readLocations(avif: Buffer, box: Box): Location[] {
  const cursor = new Cursor(avif, box);
  if (cursor.uint(4) !== 0 || cursor.uint(2) !== 0x4440) {
    throw new Error('expected a box iloc as libheif writes it, found another');
  }
  return Array.from({ length: cursor.uint(2) }, () => {
    const item = cursor.uint(2);
    cursor.skip(2);
    const field = cursor.offset;
    const base = cursor.uint(4);
    if (cursor.uint(2) !== 1) throw new Error('expected one extent for each item, found others');
    return { item, field, start: base + cursor.uint(4), length: cursor.uint(4) };
  });
}

/** ISO/IEC 23008-12, section 9.3.1: version and flags 0, so indices of one byte. */
function findAssociations(avif: Buffer, box: Box, item: number): { count: number; end: number } {
  const cursor = new Cursor(avif, box);
  if (box.type !== 'ipma' || cursor.uint(4) !== 0) {
    throw new Error('expected a box ipma as libheif writes it, found another');
  }
  for (let entries = cursor.uint(4); entries > 0; entries--) {
    const isSought = cursor.uint(2) === item;
    const count = cursor.offset;
    cursor.skip(cursor.uint(1));
    if (isSought) return { count, end: cursor.offset };
  }
  throw new Error('expected properties of the shown image, found none');
}
