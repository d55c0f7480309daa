/**
 * Finds and decodes what an animated PNG shows at first when its still image is not a frame: only programs that do not know
 * animations show the still image. PNG (third edition), sections 4.9 and 11.3.6.
 */
import { ImageFailure } from '../errors.js';
import type { Rectangle, Size } from '../domain/variant.js';
import {
  createChunk,
  dataOf,
  endOf,
  hasChecksum,
  SIGNATURE_LENGTH,
  skipChunks,
  visitChunks,
} from './png-chunks.js';
import { openImage, toImageFailure } from './open-image.js';

/** The sequence number that the data of fdAT begins with. */
export const SEQUENCE_LENGTH = 4;

const ANIMATION_CONTROL_LENGTH = 8;
const FRAME_CONTROL_LENGTH = 26;

/** Section 7.1: the highest integer of 4 bytes. */
const MAX_INTEGER = 0x7fff_ffff;

export interface FirstFrame {
  /** Offset of the first fdAT chunk, and the one after the last. */
  start: number;
  end: number;
  /** Pixels of the canvas; what is outside of it is transparent. Absent: the whole canvas. */
  area?: Rectangle;
}

/**
 * Takes linear time.
 * @returns undefined when the still image is shown: there is no animation, or it is the first frame
 * @throws ImageFailure when the frame is damaged; browsers show nothing then
 */
export function findFirstFrame(bytes: Buffer): FirstFrame | undefined {
  let isAnimated = false;
  let isFrame = false;
  const pixels = visitChunks(bytes, (type, start) => {
    // Browsers ignore these chunks when they are invalid.
    isAnimated ||= type === 'acTL' && hasChecksum(bytes, start) && isControl(dataOf(bytes, start));
    isFrame ||= type === 'fcTL' && hasChecksum(bytes, start);
  });
  if (!isAnimated || isFrame) return undefined;
  const control = findChunk(bytes, 'fcTL', skipChunks(bytes, pixels, 'IDAT'));
  const start = findChunk(bytes, 'fdAT', control);
  const end = skipChunks(bytes, start, 'fdAT');
  if (start === end || !isInSequence(bytes, control, start, end)) {
    throw damaged('the data of the first frame', 'none');
  }
  const area = readArea(bytes, dataOf(bytes, control));
  return { start, end, ...(area && { area }) };
}

/** Section 11.3.6.1: numbers of frames and of repetitions. */
function isControl(data: Buffer): boolean {
  if (data.length !== ANIMATION_CONTROL_LENGTH) return false;
  const [frames, plays] = [data.readUInt32BE(0), data.readUInt32BE(4)];
  return frames > 0 && frames <= MAX_INTEGER && plays <= MAX_INTEGER;
}

/** @returns the offset of the first chunk of a type, or the end of the file */
function findChunk(bytes: Buffer, type: string, from: number): number {
  let found = bytes.length;
  visitChunks(
    bytes,
    (one, start) => {
      if (one === type) found = Math.min(found, start);
    },
    from,
  );
  return found;
}

/** Section 11.3.6: the sequence numbers of the chunks of an animation count from 0. */
function isInSequence(bytes: Buffer, control: number, start: number, end: number): boolean {
  if (bytes.readUInt32BE(control + 8) !== 0) return false;
  let sequence = 0;
  for (let at = start; at < end; at = endOf(bytes, at)) {
    const data = dataOf(bytes, at);
    if (data.length < SEQUENCE_LENGTH || data.readUInt32BE(0) !== ++sequence) return false;
  }
  return true;
}

/** Section 11.2.1: IHDR is the first chunk, and begins with the size of the canvas. */
const sizeOf = (bytes: Buffer): Size => ({
  width: bytes.readUInt32BE(SIGNATURE_LENGTH + 8),
  height: bytes.readUInt32BE(SIGNATURE_LENGTH + 12),
});

/** Section 11.3.6.2. @returns undefined for the whole canvas */
function readArea(bytes: Buffer, control: Buffer): Rectangle | undefined {
  if (control.length !== FRAME_CONTROL_LENGTH) {
    throw damaged(`a frame control of ${FRAME_CONTROL_LENGTH} bytes`, `${control.length}`);
  }
  const canvas = sizeOf(bytes);
  const [width = 0, height = 0, left = 0, top = 0] = [4, 8, 12, 16].map((at) =>
    control.readUInt32BE(at),
  );
  const fits = left + width <= canvas.width && top + height <= canvas.height;
  if (!fits || width === 0 || height === 0) {
    const found = `${width} x ${height} at ${left}, ${top}`;
    throw damaged(`a frame within ${canvas.width} x ${canvas.height}`, found);
  }
  const isWhole = width === canvas.width && height === canvas.height;
  return isWhole ? undefined : { left, top, width, height };
}

const damaged = (expected: string, found: string) =>
  new ImageFailure('damaged-image', `expected ${expected}, found ${found}`);

/**
 * Puts a frame on its canvas, which is transparent where the frame is not. How the frame is blended makes no
 * difference there.
 * @param bytes a file that cleanPng wrote
 * @param bits per channel of the result
 * @returns a PNG in the colors of the file, with its orientation
 * @throws ImageFailure when the pixels are damaged, too many, or take too long
 */
export function placeFrame(
  bytes: Buffer,
  area: Rectangle,
  bits: 8 | 16,
  maxPixels: number,
): Promise<Buffer> {
  const { left, top, width, height } = area;
  const canvas = sizeOf(bytes);
  const placed = openImage(withSize(bytes, area), maxPixels, { ignoreIcc: true })
    .extend({
      left,
      top,
      right: canvas.width - left - width,
      bottom: canvas.height - top - height,
      background: '#0000',
    })
    .toColourspace(bits === 16 ? 'rgb16' : 'srgb')
    .keepExif()
    .png({ compressionLevel: 1 });
  return toImageFailure(placed.toBuffer(), 'damaged-image');
}

function withSize(bytes: Buffer, { width, height }: Size): Buffer {
  const header = Buffer.from(dataOf(bytes, SIGNATURE_LENGTH));
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const signature = bytes.subarray(0, SIGNATURE_LENGTH);
  const rest = bytes.subarray(endOf(bytes, SIGNATURE_LENGTH));
  return Buffer.concat([signature, createChunk('IHDR', header), rest]);
}
