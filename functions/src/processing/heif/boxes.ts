/**
 * Reads boxes of the ISO base media file format (ISO/IEC 14496-12). Every read is checked against the end
 * of its box, so that no count or size of a file leads outside of it.
 */
import { ImageFailure } from '../../errors.js';
import { checkCount } from '../limits.js';

/** Boxes of one container. Files of cameras have fewer than a hundred. */
const MAX_BOXES = 10_000;

/** A part of a file, offsets in bytes. */
export interface Extent {
  start: number;
  end: number;
}

/** The contents of a box, after its size and type. */
export interface Box extends Extent {
  type: string;
}

/** The file's structure is broken. */
export function damaged(expected: string, found: string | number): ImageFailure {
  return new ImageFailure('damaged-image', `expected ${expected}, found ${found}`);
}

/** The names of formats in public messages, by the types of items and samples. */
const FORMAT_NAMES: Partial<Record<string, string>> = {
  avc1: 'HEIF with AVC',
  jpeg: 'HEIF with JPEG',
  j2k1: 'HEIF with JPEG 2000',
  mski: 'HEIF with a mask',
  unci: 'HEIF without compression',
  vvc1: 'HEIF with VVC',
};

/** The file is of a kind that is not decoded. @param type of an item */
export function unsupported(found: string, type = ''): ImageFailure {
  const format = FORMAT_NAMES[type] ?? 'an unusual HEIF';
  return new ImageFailure('unsupported-format', `found ${found}`, { format });
}

/** Reads big-endian integers up to the end of a box. */
export class Cursor {
  #offset: number;
  readonly #bytes: Buffer;
  readonly #end: number;

  constructor(bytes: Buffer, { start, end }: Extent) {
    this.#bytes = bytes;
    this.#offset = start;
    this.#end = Math.min(end, bytes.length);
  }

  get offset(): number {
    return this.#offset;
  }

  /** The rest of the box. */
  get rest(): Extent {
    return { start: this.#offset, end: this.#end };
  }

  /**
   * Moves forward.
   * @returns the offset before
   * @throws ImageFailure beyond the end of the box
   */
  skip(length: number): number {
    const start = this.#offset;
    if (length > this.#end - start) {
      throw damaged(`${length} bytes in a box`, Math.max(0, this.#end - start));
    }
    this.#offset += length;
    return start;
  }

  /** @param length bytes; 0 gives 0, as in the box `iloc` */
  uint(length: number): number {
    const start = this.skip(length);
    if (length === 0) return 0;
    if (length <= 4) return this.#bytes.readUIntBE(start, length);
    const value = this.#bytes.readBigUInt64BE(start);
    if (value > Number.MAX_SAFE_INTEGER) throw damaged('an offset in the file', String(value));
    return Number(value);
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.skip(4));
  }

  /** A four-character code; characters that would change a terminal's state become `?`. */
  code(): string {
    const start = this.skip(4);
    return this.#bytes.toString('latin1', start, start + 4).replace(/[^ -~]/g, '?');
  }

  /** Version and flags of a full box. */
  fullBox(): { version: number; flags: number } {
    return { version: this.uint(1), flags: this.uint(3) };
  }
}

/**
 * Lists the boxes of a container (section 4.2: 32 or 64 bits of size, or 0 for the rest of the file).
 * @param options.isFile whether the last box may be cut off, as in a file that was not copied whole
 * @throws ImageFailure for a size outside of the container, and for too many boxes
 */
export function readBoxes(
  bytes: Buffer,
  container: Extent,
  options: { isFile?: boolean } = {},
): Box[] {
  const boxes: Box[] = [];
  const end = Math.min(container.end, bytes.length);
  // Fewer bytes than a header are padding.
  for (let offset = container.start; offset + 8 <= end;) {
    checkCount('boxes in a box', boxes.length + 1, MAX_BOXES);
    const cursor = new Cursor(bytes, { start: offset, end });
    const shortSize = cursor.uint(4);
    const type = cursor.code();
    let size = shortSize === 1 ? cursor.uint(8) : shortSize;
    if (size === 0) size = end - offset;
    const boxEnd = offset + size;
    if (boxEnd < cursor.offset || (boxEnd > end && !options.isFile)) {
      throw damaged(`a size of the box ${type} up to ${end - offset}`, size);
    }
    boxes.push({ type, start: cursor.offset, end: Math.min(boxEnd, end) });
    offset = boxEnd;
  }
  return boxes;
}

export function findBox(boxes: readonly Box[], type: string): Box | undefined {
  return boxes.find((box) => box.type === type);
}

/** @throws ImageFailure when there is none */
export function requireBox(boxes: readonly Box[], type: string): Box {
  const box = findBox(boxes, type);
  if (!box) throw damaged(`a box ${type}`, 'none');
  return box;
}
