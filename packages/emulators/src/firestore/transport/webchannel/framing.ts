/**
 * The texts of WebChannel, version 8, as Closure's `goog.labs.net.webChannel` sends and expects them. There is no
 * specification: the client is @firebase/webchannel-wrapper.
 */
import { Code, StatusError } from '../../errors.js';

/** One message of the client, with its number in the session. */
export interface ClientMap {
  number: number;
  /** JSON. */
  text: string;
}

/** The largest message, bytes of UTF-8. */
export const MAX_MESSAGE_BYTES = 11 * 1024 * 1024;
/** The most messages of one request; the client sends 1,000 at most. */
const MAX_MAPS = 4096;

/** A chunk of a response: its length in UTF-16 code units, as JavaScript counts, a line break, the text. */
export function chunk(text: string): string {
  return `${text.length}\n${text}`;
}

/** The first array of a session. `keepAlive`: the server sends something at least that often, milliseconds. */
export function openArray(sessionId: string, keepAlive: number): string {
  return JSON.stringify([0, ['c', sessionId, '', 8, 12, keepAlive]]);
}

/** An array with a message of the server. @param json the message as JSON */
export function messageArray(number: number, json: string): string {
  return `[${number},[${json}]]`;
}

/** An array that carries nothing: it keeps the connection open, or ends the session. */
export function controlArray(number: number, kind: 'noop' | 'close' | 'stop'): string {
  return JSON.stringify([number, [kind]]);
}

/**
 * Parses the body of a POST: `headers=…&count=2&ofs=0&req0___data__=…&req1___data__=…`.
 * @returns the messages in order, and the headers of the client by lowercase name
 * @throws StatusError INVALID_ARGUMENT
 */
export function parseForm(body: string): { maps: ClientMap[]; headers: Map<string, string> } {
  const form = new URLSearchParams(body);
  const count = wholeNumber(form.get('count') ?? '0', 'count');
  const offset = wholeNumber(form.get('ofs') ?? '0', 'ofs');
  if (count > MAX_MAPS) throw invalid(`count is at most ${MAX_MAPS}, found ${count}.`);
  const maps = Array.from({ length: count }, (_, index): ClientMap => {
    const text = form.get(`req${index}___data__`);
    if (text === null) throw invalid(`Expected req${index}___data__ in the body, found none.`);
    if (Buffer.byteLength(text) > MAX_MESSAGE_BYTES) {
      throw invalid(`A message has at most ${MAX_MESSAGE_BYTES} bytes.`);
    }
    return { number: offset + index, text };
  });
  return { maps, headers: parseHeaders(form.get('headers') ?? '') };
}

/** Parses `Name:value` lines, as in `$httpHeaders` and in a body's `headers`. */
export function parseHeaders(text: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}

/** Parses a number of arrays or maps. @throws StatusError INVALID_ARGUMENT */
export function wholeNumber(text: string, name: string): number {
  if (!/^\d{1,15}$/.test(text)) throw invalid(`${name} must be a whole number.`);
  return Number(text);
}

function invalid(message: string): StatusError {
  return new StatusError(Code.INVALID_ARGUMENT, message);
}
