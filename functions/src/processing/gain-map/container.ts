/**
 * The pictures of one file: the Multi-Picture Format (CIPA DC-007), which Ultra HDR uses for a JPEG and its gain map.
 */
import { visitSegments } from '../jpeg.js';
import { addSegments, createSegment, segmentsStart } from '../jpeg-segments.js';
import { hasText } from '../text.js';
import { readFirstDirectory } from '../tiff-directory.js';
import {
  readIso,
  readXmp,
  writeIso,
  writePictureXmp,
  writeXmp,
  type GainMapMetadata,
} from './metadata.js';

/** ITU-T T.81, table B.1. */
const APP1 = 0xe1;
const APP2 = 0xe2;
const START_OF_IMAGE = 'ffd8';

const MPF = 'MPF\0';
const XMP = 'http://ns.adobe.com/xap/1.0/\0';
const ISO = 'urn:iso:std:iso:ts:21496:-1\0';

/** Marker and length of a segment. */
const SEGMENT_HEADER = 4;

/** CIPA DC-007, section 5.2.3.3: attribute, size, offset, two numbers of dependent pictures. */
const ENTRY_TAG = 0xb002;
const ENTRY_LENGTH = 16;
/** Phones have up to three: a gain map, a depth map, a preview. */
const MAX_PICTURES = 8;

export interface StoredGainMap {
  /** A JPEG. */
  bytes: Buffer;
  metadata: GainMapMetadata;
}

/**
 * Finds the gain map of a JPEG. Takes linear time.
 * @returns undefined when there is none that is known, or it is not valid
 */
export function findGainMap(jpeg: Buffer): StoredGainMap | undefined {
  for (const bytes of furtherPictures(jpeg)) {
    const metadata = readMetadata(bytes);
    if (metadata) return { bytes, metadata };
  }
  return undefined;
}

function* furtherPictures(jpeg: Buffer): Generator<Buffer> {
  let index: { start: number; end: number } | undefined;
  visitSegments(jpeg, (marker, start, end) => {
    if (marker === APP2 && hasText(jpeg, start + SEGMENT_HEADER, MPF)) {
      index ??= { start: start + SEGMENT_HEADER + MPF.length, end };
    }
  });
  if (!index) return;
  const { start } = index;
  const tiff = jpeg.subarray(start, index.end);
  const isLittle = hasText(tiff, 0, 'II');
  const u32 = (at: number) => (isLittle ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
  for (const { tag, count, long } of readFirstDirectory(tiff)) {
    if (tag !== ENTRY_TAG) continue;
    const end = Math.min(long + count, long + MAX_PICTURES * ENTRY_LENGTH, tiff.length);
    // The first entry is that of the picture itself.
    for (let at = long + ENTRY_LENGTH; at + ENTRY_LENGTH <= end; at += ENTRY_LENGTH) {
      const [size, offset] = [u32(at + 4), start + u32(at + 8)];
      const picture = jpeg.subarray(offset, offset + size);
      if (picture.length === size && picture.toString('hex', 0, 2) === START_OF_IMAGE) {
        yield picture;
      }
    }
  }
}

/** Of both forms, the one of ISO counts, as in libultrahdr. */
function readMetadata(map: Buffer): GainMapMetadata | undefined {
  let iso: GainMapMetadata | undefined;
  let xmp: GainMapMetadata | undefined;
  visitSegments(map, (marker, start, end) => {
    const data = start + SEGMENT_HEADER;
    if (marker === APP2 && hasText(map, data, ISO))
      iso ??= readIso(map.subarray(data + ISO.length, end));
    if (marker === APP1 && hasText(map, data, XMP)) {
      xmp ??= readXmp(map.toString('latin1', data + XMP.length, end));
    }
  });
  return iso ?? xmp;
}

/**
 * Appends a gain map to a JPEG. Decoders that do not know it show the JPEG as it is.
 * @param picture an output of an encoder
 * @param map a JPEG without metadata
 */
export function addGainMap(picture: Buffer, map: Buffer, metadata: GainMapMetadata): Buffer {
  const described = addSegments(map, [
    createSegment(APP1, Buffer.from(XMP + writeXmp(metadata), 'latin1')),
    createSegment(APP2, Buffer.from(ISO, 'latin1'), writeIso(metadata)),
  ]);
  const segments = [
    createSegment(APP1, Buffer.from(XMP + writePictureXmp(described.length), 'latin1')),
    // The least and the newest version of ISO 21496-1 that are needed.
    createSegment(APP2, Buffer.from(ISO, 'latin1'), Buffer.alloc(4)),
  ];
  const before = segments.reduce((sum, { length }) => sum + length, segmentsStart(picture));
  const pictureLength = picture.length + before - segmentsStart(picture) + INDEX_LENGTH;
  const index = createIndex(
    pictureLength,
    described.length,
    pictureLength - (before + SEGMENT_HEADER + MPF.length),
  );
  return Buffer.concat([addSegments(picture, [...segments, index]), described]);
}

/** A header, a directory of three entries, no further directory, and two pictures. */
const INDEX_DATA = 8 + 2 + 3 * 12 + 4;
const INDEX_LENGTH = SEGMENT_HEADER + MPF.length + INDEX_DATA + 2 * ENTRY_LENGTH;

/** Section 5.2.3. @param mapOffset from the header of the index on */
function createIndex(pictureLength: number, mapLength: number, mapOffset: number): Buffer {
  const tiff = Buffer.alloc(INDEX_DATA + 2 * ENTRY_LENGTH);
  tiff.write('MM\0*', 0, 'latin1');
  tiff.writeUInt32BE(8, 4);
  tiff.writeUInt16BE(3, 8);
  const entry = (at: number, tag: number, type: number, count: number) => {
    tiff.writeUInt16BE(tag, at);
    tiff.writeUInt16BE(type, at + 2);
    tiff.writeUInt32BE(count, at + 4);
    return at + 8;
  };
  // UNDEFINED (7) and LONG (4): the version, the number of pictures, and their entries.
  tiff.write('0100', entry(10, 0xb000, 7, 4), 'latin1');
  tiff.writeUInt32BE(2, entry(22, 0xb001, 4, 1));
  tiff.writeUInt32BE(INDEX_DATA, entry(34, ENTRY_TAG, 7, 2 * ENTRY_LENGTH));
  // Figure 8: the representative picture, in JPEG, is the primary one.
  tiff.writeUInt32BE(0x0003_0000, INDEX_DATA);
  tiff.writeUInt32BE(pictureLength, INDEX_DATA + 4);
  tiff.writeUInt32BE(mapLength, INDEX_DATA + ENTRY_LENGTH + 4);
  tiff.writeUInt32BE(mapOffset, INDEX_DATA + ENTRY_LENGTH + 8);
  return createSegment(APP2, Buffer.from(MPF, 'latin1'), tiff);
}
