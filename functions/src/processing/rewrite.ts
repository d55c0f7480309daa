/** Rewrites a file from ranges of its bytes. */

/** Receives the parts of the new file in order. Both functions return the offset of the part in the new file. */
export interface PartReceiver {
  /** Keeps the bytes from `start` to before `end`. */
  keep: (start: number, end: number) => number;
  /** Adds bytes that the file does not have. */
  add: (bytes: Buffer) => number;
}

/**
 * Copies the kept parts once, and holds no list of them: a file may have millions.
 * @param visit names all parts; it is called twice, and must name the same ones
 * @returns `source` itself when nothing changes
 */
export function rewrite(source: Buffer, visit: (parts: PartReceiver) => void): Buffer {
  let length = 0;
  const grow = (count: number) => (length += count) - count;
  let isUnchanged = true;
  visit({
    keep(start, end) {
      isUnchanged &&= start === length || start === end;
      return grow(end - start);
    },
    add(bytes) {
      isUnchanged &&= bytes.length === 0;
      return grow(bytes.length);
    },
  });
  if (isUnchanged && length === source.length) return source;
  const result = Buffer.allocUnsafeSlow(length);
  length = 0;
  visit({
    keep: (start, end) => grow(source.copy(result, length, start, end)),
    add: (bytes) => grow(bytes.copy(result, length)),
  });
  return result;
}
