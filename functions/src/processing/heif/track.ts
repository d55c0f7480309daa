/** Reads the first frame of an image sequence (ISO/IEC 23008-12 section 7). */
import type { Size } from '../../domain/variant.js';
import { checkCount } from '../limits.js';
import { Cursor, damaged, findBox, readBoxes, requireBox } from './boxes.js';
import type { Box, Extent } from './boxes.js';
import type { Property } from './meta.js';
import { findProperty, isAlphaType } from './properties.js';

/** Tracks of a file: cameras write one for color and one for alpha or thumbnails. */
const MAX_TRACKS = 100;

/** The first frame of a track. */
export interface Frame {
  /** `av01` or `hvc1`. */
  type: string;
  size: Size;
  data: Extent;
  properties: Property[];
  /** Whether the frames belong to another track: an alpha channel or a depth map. */
  isAuxiliary: boolean;
  isAlpha: boolean;
  trackId: number;
  /** The tracks that this one is auxiliary to. */
  auxiliaryTo: number[];
  /** The alpha track by which the colors are premultiplied. */
  premultipliedBy: number[];
}

const SAMPLE_TYPES = ['av01', 'hvc1', 'hev1'];

/**
 * @param moov the box `moov`, ISO/IEC 14496-12 section 8.2.1
 * @returns the first frame of each track of images
 */
export function readFirstFrames(bytes: Buffer, moov: Extent): Frame[] {
  const tracks = readBoxes(bytes, moov).filter(({ type }) => type === 'trak');
  checkCount('tracks', tracks.length, MAX_TRACKS);
  return tracks.flatMap((track) => {
    const frame = readFirstFrame(bytes, track);
    return frame ? [frame] : [];
  });
}

function readFirstFrame(bytes: Buffer, trak: Box): Frame | undefined {
  const track = readBoxes(bytes, trak);
  const media = readBoxes(bytes, requireBox(track, 'mdia'));
  const information = readBoxes(bytes, requireBox(media, 'minf'));
  const table = readBoxes(bytes, requireBox(information, 'stbl'));
  const stsd = new Cursor(bytes, requireBox(table, 'stsd'));
  stsd.fullBox();
  stsd.uint(4);
  const [entry] = readBoxes(bytes, stsd.rest);
  if (!entry || !SAMPLE_TYPES.includes(entry.type)) return undefined;
  const data = readFirstSample(bytes, table);
  if (!data) return undefined;
  const references = readTrackReferences(bytes, findBox(track, 'tref'));
  const { size, properties } = readSampleEntry(bytes, entry);
  const isAuxiliary = readHandler(bytes, requireBox(media, 'hdlr')) === 'auxv';
  // Without the box, Chromium takes it as alpha, too.
  const auxi = findProperty(properties, 'auxi');
  return {
    type: entry.type === 'hev1' ? 'hvc1' : entry.type,
    size,
    data,
    properties,
    isAuxiliary,
    isAlpha: isAuxiliary && (auxi === undefined || isAlphaType(bytes, auxi)),
    trackId: readTrackId(bytes, requireBox(track, 'tkhd')),
    auxiliaryTo: references.get('auxl') ?? [],
    premultipliedBy: references.get('prem') ?? [],
  };
}

/** Section 8.3.2. */
function readTrackId(bytes: Buffer, tkhd: Box): number {
  const cursor = new Cursor(bytes, tkhd);
  cursor.skip(cursor.fullBox().version === 1 ? 16 : 8);
  return cursor.uint(4);
}

/** Section 8.4.3. */
function readHandler(bytes: Buffer, hdlr: Box): string {
  const cursor = new Cursor(bytes, hdlr);
  cursor.fullBox();
  cursor.uint(4);
  return cursor.code();
}

/** Section 8.3.3. */
function readTrackReferences(bytes: Buffer, tref?: Box): Map<string, number[]> {
  const boxes = tref ? readBoxes(bytes, tref) : [];
  return new Map(
    boxes.map((box) => {
      const cursor = new Cursor(bytes, box);
      const count = Math.floor((box.end - box.start) / 4);
      checkCount('references', count, MAX_TRACKS);
      return [box.type, Array.from({ length: count }, () => cursor.uint(4))] as const;
    }),
  );
}

/** Section 12.1.3: fields of fixed length, then boxes. */
function readSampleEntry(bytes: Buffer, entry: Box): Pick<Frame, 'size' | 'properties'> {
  const cursor = new Cursor(bytes, entry);
  cursor.skip(24);
  const size = { width: cursor.uint(2), height: cursor.uint(2) };
  if (size.width === 0 || size.height === 0) {
    throw damaged('a size', `${size.width} x ${size.height}`);
  }
  cursor.skip(50);
  const properties = readBoxes(bytes, cursor.rest).map((box) => ({
    type: box.type,
    contents: box,
    isEssential: false,
  }));
  return { size, properties };
}

/** Sections 8.7.3 (`stsz`) and 8.7.5 (`stco`, `co64`): the first sample starts the first chunk. */
function readFirstSample(bytes: Buffer, table: readonly Box[]): Extent | undefined {
  const stsz = new Cursor(bytes, requireBox(table, 'stsz'));
  stsz.fullBox();
  const commonSize = stsz.uint(4);
  const count = stsz.uint(4);
  if (count === 0) return undefined;
  const size = commonSize || stsz.uint(4);
  const co64 = findBox(table, 'co64');
  const chunks = new Cursor(bytes, co64 ?? requireBox(table, 'stco'));
  chunks.fullBox();
  if (chunks.uint(4) === 0) return undefined;
  const start = chunks.uint(co64 ? 8 : 4);
  if (start + size > bytes.length) {
    throw damaged(`a frame up to byte ${bytes.length}`, `${start} to ${start + size}`);
  }
  return { start, end: start + size };
}
