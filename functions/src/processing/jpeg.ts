/** Reads the segments of a JPEG, and drops those that decoding does not need. ITU-T T.81. */
import { readOrientation, writeOrientation } from './exif.js';
import { MAX_PROFILE_BYTES, MAX_SCANS } from './limits.js';
import { rewrite } from './rewrite.js';
import { hasText } from './text.js';

/** Markers, table B.1. */
const START_OF_IMAGE = 0xd8;
const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
const COMMENT = 0xfe;
const APP0 = 0xe0;
const APP1 = 0xe1;
const APP2 = 0xe2;
const APP14 = 0xee;
const APP15 = 0xef;
/** Those without a segment. */
const hasNoSegment = (marker: number) => marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
/** The frame headers; 0xc4, 0xc8 and 0xcc are something else. */
const isFrameHeader = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
/** Markers with a segment that may come before the first scan. */
const isSegment = (marker: number) =>
  (marker >= 0xc0 && marker <= 0xcf) || (marker >= 0xdb && marker <= 0xfe);
/** APP0 to APP15 and comments. */
const isApplicationData = (marker: number) =>
  marker === COMMENT || (marker >= APP0 && marker <= APP15);

export interface JpegFile {
  /** Without metadata, but with orientation and color profile; ends with an end of image. */
  bytes: Buffer;
  /** Offsets of the scans in `bytes`; at most MAX_SCANS + 1. */
  scans: number[];
  /** Offset of the frame header in `bytes`; absent when it has none. */
  frame?: number;
  /** Whether the file had no end of image: its pixel data may be incomplete. */
  lacksEnd: boolean;
}

export interface JpegChanges {
  /** Replaces that of the file. */
  orientation?: number;
  /** Whether the color profile stays; absent: it does. */
  keepsProfile?: boolean;
}

/** @returns 1 to 8; 1 (upright) when the file states none */
export function readOrientationOf(bytes: Buffer): number {
  return orientationIn(bytes, findSegments(bytes));
}

/** As in Chromium: only the first EXIF segment counts, and the byte after `Exif\0` may have any value. */
function orientationIn(bytes: Buffer, { exif }: Segments): number {
  return exif ? readOrientation(bytes.subarray(exif.start + 10, exif.end)) : 1;
}

/**
 * Rewrites everything before the first scan from the few segments that decoding needs, so that no library
 * reads EXIF, XMP, IPTC, comments or thumbnails. Takes linear time and at most one copy of the file.
 * @param bytes a file with the signature of a JPEG
 */
export function readJpeg(bytes: Buffer, changes: JpegChanges = {}): JpegFile {
  const segments = findSegments(bytes);
  const { jfif, adobe, profileLength, frame, scan } = segments;
  const { orientation = orientationIn(bytes, segments), keepsProfile = true } = changes;
  const hasProfile = keepsProfile && profileLength <= MAX_PROFILE_BYTES;
  const lacksEnd = scan < bytes.length && bytes.lastIndexOf('ffd9', undefined, 'hex') < scan;
  let newFrame: number | undefined;
  let newScan = 0;
  const file = rewrite(bytes, ({ keep, add }) => {
    keep(0, 2);
    if (orientation !== 1) add(exifSegment(orientation));
    visitSegments(bytes, (marker, start, end) => {
      const isNeeded =
        !isApplicationData(marker) ||
        start === jfif?.start ||
        start === adobe?.start ||
        (hasProfile && isProfile(bytes, marker, start, end));
      if (!isNeeded) return;
      const offset = keep(start, end);
      if (start === frame) newFrame = offset;
    });
    newScan = keep(scan, bytes.length);
    // A last 0xff, half of the missing end of image, becomes a fill byte.
    if (lacksEnd) add(Buffer.from([0xff, END_OF_IMAGE]));
  });
  const scans = findScans(file, newScan);
  return { bytes: file, scans, ...(newFrame !== undefined && { frame: newFrame }), lacksEnd };
}

interface Range {
  start: number;
  end: number;
}

interface Segments {
  jfif?: Range;
  adobe?: Range;
  exif?: Range;
  /** Bytes of all segments of the color profile. */
  profileLength: number;
  /** Offset of the frame header. */
  frame?: number;
  /** Offset of the first scan, of a marker that libjpeg rejects, or the end of the file. */
  scan: number;
}

function findSegments(bytes: Buffer): Segments {
  const found: Segments = { profileLength: 0, scan: 0 };
  found.scan = visitSegments(bytes, (marker, start, end) => {
    const range = { start, end };
    if (marker === APP0 && startsWith(bytes, range, 'JFIF\0')) found.jfif ??= range;
    if (marker === APP1 && startsWith(bytes, range, 'Exif\0')) found.exif ??= range;
    if (marker === APP14 && startsWith(bytes, range, 'Adobe')) found.adobe ??= range;
    if (isProfile(bytes, marker, start, end)) found.profileLength += end - start;
    if (isFrameHeader(marker)) found.frame ??= start;
  });
  return found;
}

/** ICC.1:2022, annex B.4. */
const isProfile = (bytes: Buffer, marker: number, start: number, end: number) =>
  marker === APP2 && startsWith(bytes, { start, end }, 'ICC_PROFILE\0');

const startsWith = (bytes: Buffer, { start, end }: Range, text: string) =>
  hasText(bytes.subarray(start + 4, end), 0, text);

/**
 * Visits the segments before the first scan the way libjpeg does: bytes between segments are skipped.
 * @returns the offset of the first scan, of a marker that libjpeg rejects, or the end of the file
 */
export function visitSegments(
  bytes: Buffer,
  visit: (marker: number, start: number, end: number) => void,
): number {
  for (let offset = 2; ;) {
    const start = bytes.indexOf(0xff, offset);
    if (start < 0 || start + 4 > bytes.length) return bytes.length;
    const marker = bytes[start + 1] as number;
    if (marker === 0xff || marker === 0) offset = start + 1;
    else if (hasNoSegment(marker) && marker !== START_OF_IMAGE) offset = start + 2;
    else if (!isSegment(marker)) return start;
    else {
      offset = start + 2 + Math.max(2, bytes.readUInt16BE(start + 2));
      if (offset > bytes.length) return bytes.length;
      visit(marker, start, offset);
    }
  }
}

/** An APP1 segment, EXIF 2.32 section 4.7.2. */
function exifSegment(orientation: number): Buffer {
  const body = Buffer.concat([Buffer.from('Exif\0\0'), writeOrientation(orientation)]);
  return Buffer.concat([Buffer.from([0xff, APP1, 0, 2 + body.length]), body]);
}

/** Finds the scans up to the end of the image; data after it (phones append videos) is ignored. */
function findScans(bytes: Buffer, start: number): number[] {
  const scans: number[] = [];
  for (
    let offset = bytes.indexOf(0xff, start);
    offset >= 0 && offset + 4 <= bytes.length && scans.length <= MAX_SCANS;
    offset = bytes.indexOf(0xff, offset)
  ) {
    const marker = bytes[offset + 1] as number;
    if (marker === END_OF_IMAGE) break;
    if (marker === START_OF_SCAN) scans.push(offset);
    // A fill byte is one byte long. Within a scan, 0xff is followed by 0 or RSTn (section B.1.1.5).
    if (marker === 0xff) offset += 1;
    else if (hasNoSegment(marker)) offset += 2;
    else offset += 2 + bytes.readUInt16BE(offset + 2);
  }
  return scans;
}
