/**
 * Makes libvips keep the transparent areas of a GIF. It decodes alpha only when a frame has a transparent color,
 * and a frame without one is replaced by the background color where browsers show nothing. GIF89a specification.
 */
import { rewrite } from './rewrite.js';

/** Sections 17, 18: signature and logical screen descriptor. */
const HEADER_LENGTH = 13;
/** Section 20: image descriptor. */
const DESCRIPTOR_LENGTH = 10;
/** Section 23: graphic control extension, with its introducer and terminator. */
const CONTROL_LENGTH = 8;

/** Values of the first byte of a block, sections 20, 23 and 27. */
const IMAGE = 0x2c;
const EXTENSION = 0x21;
/** The second byte of a graphic control extension. */
const CONTROL = 0xf9;

/** Disposal methods, section 23. Restoring the first frame leaves nothing. */
const TO_BACKGROUND = 2;

const HAS_TRANSPARENT_COLOR = 0x01;
const HAS_TABLE = 0x80;

interface Frame {
  /** Offset of the graphic control extension; absent: the frame has none. */
  control?: number;
  /** Offset of the image descriptor. */
  start: number;
  /** Offset of the minimum code size, which the compressed data follows. */
  data: number;
}

/**
 * Gives an opaque frame a transparent color that it does not use when pixels of an image without transparent
 * colors may stay empty. Takes linear time, and at most one copy of the file.
 * @param bytes a file with the signature of a GIF
 * @returns `bytes` itself when nothing is to be changed, or a block is cut short
 */
export function keepGifTransparency(bytes: Buffer): Buffer {
  let frames = 0;
  let isEmptyPossible = false;
  const isComplete = visitFrames(bytes, (frame) => {
    isEmptyPossible ||= frames === 0 && !coversCanvas(bytes, frame);
    isEmptyPossible ||= disposalOf(bytes, frame) >= TO_BACKGROUND;
    frames++;
  });
  if (!isComplete || !isEmptyPossible) return bytes;
  return rewrite(bytes, ({ keep, add }) => {
    let kept = 0;
    let index = 0;
    visitFrames(bytes, (frame) => {
      const isFirst = index++ === 0;
      const { control, start } = frame;
      if (hasTransparentColor(bytes, frame)) return;
      if (!isFirst && disposalOf(bytes, frame) !== TO_BACKGROUND) return;
      const unused = unusedColor(bytes, frame);
      if (unused === undefined) return;
      keep(kept, control ?? start);
      add(withTransparentColor(bytes, control, unused));
      kept = control === undefined ? start : control + CONTROL_LENGTH;
    });
    keep(kept, bytes.length);
  });
}

function withTransparentColor(
  bytes: Buffer,
  control: number | undefined,
  transparent: number,
): Buffer {
  const block =
    control === undefined
      ? Buffer.of(EXTENSION, CONTROL, 4, 0, 0, 0, 0, 0)
      : Buffer.from(bytes.subarray(control, control + CONTROL_LENGTH));
  block[3] = (block[3] as number) | HAS_TRANSPARENT_COLOR;
  block[6] = transparent;
  return block;
}

function coversCanvas(bytes: Buffer, { start }: Frame): boolean {
  const at = (offset: number) => bytes.readUInt16LE(offset);
  const isAtOrigin = at(start + 1) === 0 && at(start + 3) === 0;
  return isAtOrigin && at(start + 5) >= at(6) && at(start + 7) >= at(8);
}

const flagsOf = (bytes: Buffer, { control }: Frame) =>
  control === undefined ? 0 : (bytes[control + 3] as number);

const disposalOf = (bytes: Buffer, frame: Frame) => (flagsOf(bytes, frame) >> 2) & 7;

const hasTransparentColor = (bytes: Buffer, frame: Frame) =>
  (flagsOf(bytes, frame) & HAS_TRANSPARENT_COLOR) !== 0;

/** @returns an index of the color table that no pixel of the frame has; undefined when all 256 are used */
function unusedColor(bytes: Buffer, { data }: Frame): number | undefined {
  const codeSize = bytes[data] as number;
  if (codeSize < 8) return 255;
  const used = usedColors(bytes, data);
  const unused = used.lastIndexOf(0);
  return unused < 0 ? undefined : unused;
}

/**
 * Appendix F. A color first occurs as a code of its own, so no strings are needed: only the widths of codes, which
 * depend on the number of codes since the last clear code.
 * @param data offset of the minimum code size, which is 8
 * @returns 1 for each index that occurs
 */
function usedColors(bytes: Buffer, data: number): Uint8Array {
  const [clear, end] = [256, 257];
  const used = new Uint8Array(256);
  let bits = 0;
  let available = 0;
  let width = 9;
  let next = end;
  for (let at = data + 1; bytes[at] !== 0; at += 1 + (bytes[at] as number)) {
    for (let i = at + 1; i <= at + (bytes[at] as number); i++) {
      bits |= (bytes[i] as number) << available;
      available += 8;
      if (available < width) continue;
      const code = bits & (2 ** width - 1);
      bits >>>= width;
      available -= width;
      if (code === end) return used;
      if (code === clear) {
        width = 9;
        next = end;
        continue;
      }
      if (code < clear) used[code] = 1;
      // The first code after a clear code adds no string.
      if (next < 4096 && ++next === 2 ** width && width < 12) width++;
    }
  }
  return used;
}

const tableLength = (flags: number) => ((flags & HAS_TABLE) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));

/** @returns whether all blocks are complete, except for the trailer */
function visitFrames(bytes: Buffer, visit: (frame: Frame) => void): boolean {
  if (bytes.length < HEADER_LENGTH) return false;
  let at = HEADER_LENGTH + tableLength(bytes[10] as number);
  let control: number | undefined;
  for (;;) {
    const type = bytes[at];
    if (type === EXTENSION) {
      if (bytes[at + 1] === CONTROL && bytes[at + 2] === 4) control = at;
      const end = skipSubBlocks(bytes, at + 2);
      if (end === undefined) return false;
      // libvips reads nothing behind the fields, and a longer block cannot be replaced.
      if (control === at && end !== at + CONTROL_LENGTH) control = undefined;
      at = end;
    } else if (type === IMAGE) {
      if (at + DESCRIPTOR_LENGTH >= bytes.length) return false;
      const data = at + DESCRIPTOR_LENGTH + tableLength(bytes[at + 9] as number);
      const end = skipSubBlocks(bytes, data + 1);
      if (end === undefined) return false;
      visit({ start: at, data, ...(control !== undefined && { control }) });
      control = undefined;
      at = end;
    } else {
      // The trailer, or data after the image.
      return true;
    }
  }
}

/** @returns the offset after the blocks; undefined when the file ends before */
function skipSubBlocks(bytes: Buffer, start: number): number | undefined {
  for (let at = start; at < bytes.length;) {
    const length = bytes[at] as number;
    at += 1 + length;
    if (length === 0) return at;
  }
  return undefined;
}
