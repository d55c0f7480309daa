/** Rewrites a file from ranges of its bytes. */

/** Receives the parts of the new file in order. */
export interface PartReceiver {
  /** Keeps the bytes from `start` to before `end`. */
  keep: (start: number, end: number) => void;
  /** Adds bytes that the file does not have. */
  add: (bytes: Buffer) => void;
}

/**
 * Copies the kept parts once, and holds no list of them: a file may have millions.
 * @param visit names all parts; it is called twice, and must name the same ones
 * @returns `source` itself when nothing changes
 */
export function rewrite(source: Buffer, visit: (parts: PartReceiver) => void): Buffer {
  let length = 0;
  let isUnchanged = true;
  visit({
    keep(start, end) {
      isUnchanged &&= start === length || start === end;
      length += end - start;
    },
    add(bytes) {
      isUnchanged &&= bytes.length === 0;
      length += bytes.length;
    },
  });
  if (isUnchanged && length === source.length) return source;
  const result = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  visit({
    keep(start, end) {
      filled += source.copy(result, filled, start, end);
    },
    add(bytes) {
      filled += bytes.copy(result, filled);
    },
  });
  return result;
}
