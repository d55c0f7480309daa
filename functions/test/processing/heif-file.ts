/** Reads and writes HEIF files (ISO/IEC 23008-12), for tests of the HEIC decoder. */

import { box, fullBox } from '../../../bench/processing/boxes.js';
import { text, u16, u32 } from '../../../bench/processing/fields.js';
import * as heif from '../../../bench/conformance/heif.js';
import type { HeifItem, HeifReference } from '../../../bench/conformance/heif.js';

export { box, fullBox, text, u16, u32 };
export {
  auxC,
  boxType,
  clap,
  gridData,
  imir,
  irot,
  ispe,
  nclx,
  prof,
} from '../../../bench/conformance/heif.js';
export type { HeifItem, HeifReference };

/** Unsigned integers of 8 bits. */
export const u8 = (...values: number[]) => Buffer.from(values);

/** The items of a file; item ids count from 1. */
export const readHeifItems = (file: Buffer): HeifItem[] => heif.readHeif(file).items;

export const writeHeif = (
  items: HeifItem[],
  references: HeifReference[] = [],
  { brand = 'heic', primary = 1 } = {},
): Buffer => heif.writeHeif({ items, references, primary, brands: [brand, 'mif1', brand] });

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
