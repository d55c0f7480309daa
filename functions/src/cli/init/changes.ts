/** What `init` will write. All paths are relative to the project's folder and have forward slashes. */

/** A file to write or delete. */
export interface FileChange {
  path: string;
  /** The current text; absent if the file does not exist. */
  before?: string;
  /** The new text; absent if the file is deleted or is a copy. */
  after?: string;
  /** Absolute path of the file to copy. */
  copyOf?: string;
}

/** The input of `init` is wrong; the message is one sentence for the user. Nothing was changed. */
export class InitError extends Error {
  override readonly name = 'InitError';
}

/** Line end of a text: that of its first line. */
export function lineEndOf(text: string): '\r\n' | '\n' {
  return /^[^\n]*\r\n/.test(text) ? '\r\n' : '\n';
}

/** Splits a byte order mark from a text. */
export function splitByteOrderMark(text: string): { mark: string; body: string } {
  return text.startsWith('\ufeff')
    ? { mark: '\ufeff', body: text.slice(1) }
    : { mark: '', body: text };
}
