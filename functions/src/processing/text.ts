/** Reads text in binary files: Latin-1, one byte per character. */

export const hasText = (bytes: Buffer, offset: number, text: string) =>
  bytes.toString('latin1', offset, offset + text.length) === text;

/** A four-character code, such as the type of a box or a chunk. */
export const codeAt = (bytes: Buffer, offset: number) =>
  bytes.toString('latin1', offset, offset + 4);
