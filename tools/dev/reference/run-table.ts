/** Runs tables on an emulator and describes its answers in one line each. */
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { createMockUserToken } from '@firebase/util';
import { encodeFields, PROJECT, ROOT, type Case, type Table } from './requests.js';

/** One line per case, by the name of the case. */
export type Answers = Record<string, string>;

const agent = new Agent({ keepAlive: true, maxSockets: 16 });
const TIMEOUT_MS = 15_000;
/** Messages may name times and numbers of requests behind it. */
const MAX_MESSAGE = 110;

/**
 * @param url of the emulator, `http://127.0.0.1:PORT`
 * @throws Error when the documents of the table cannot be written
 */
export async function runTable(url: string, { documents, cases }: Table): Promise<Answers> {
  await clear(url);
  for (const [path, fields] of Object.entries(documents)) {
    const name = `${ROOT}/${path}`;
    const body = { writes: [{ update: { name, fields: encodeFields(fields) } }] };
    const response = await send(url, { name, method: 'POST', path: `/v1/${ROOT}:commit`, body });
    if (response.status !== 200) throw new Error(`expected to write ${path}: ${response.text}`);
  }
  const kept = new Map<string, string>();
  const answers: Answers = {};
  for (const each of cases) {
    const response = await send(url, fill(each, kept));
    answers[each.name] = describe(response);
    if (each.keep) kept.set(each.keep.as, valueAt(parse(response.text), each.keep.from));
  }
  return answers;
}

/** Deletes all documents of the default database. */
export async function clear(url: string): Promise<void> {
  const path = `/emulator/v1/projects/${PROJECT}/databases/(default)/documents`;
  const response = await fetch(url + path, { method: 'DELETE' });
  await response.text();
}

interface Received {
  status: number;
  text: string;
}

/** Sends a request as the owner or a user. */
export async function send(
  url: string,
  { method, path, body, uid, token: given }: Case,
): Promise<Received> {
  const user = uid === undefined ? 'owner' : createMockUserToken({ sub: uid }, PROJECT);
  const token = given ?? user;
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const length = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) };
  const options = { agent, method, headers: { ...headers, ...length }, timeout: TIMEOUT_MS };
  try {
    // Less than half the time of fetch, and there are thousands of requests.
    const client = request(url + path, options);
    client.once('timeout', () => client.destroy(new Error('timeout')));
    client.end(text);
    const [response] = (await once(client, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, text: await readText(response) };
  } catch (error) {
    return { status: 0, text: (error as Error).name };
  }
}

function fill(each: Case, kept: ReadonlyMap<string, string>): Case {
  const json = JSON.stringify(each).replace(/\{\{(\w+)\}\}/g, (_all, name: string) => {
    return JSON.stringify(kept.get(name) ?? '').slice(1, -1);
  });
  return JSON.parse(json) as Case;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Google's emulator answers some paths with text.
    return undefined;
  }
}

function valueAt(json: unknown, path: string): string {
  const value = path
    .split('.')
    .reduce<unknown>((parent, key) => (parent as Record<string, unknown> | undefined)?.[key], json);
  return typeof value === 'string' ? value : '';
}

/** Describes a response: what differs from run to run is left out. */
export function describe({ status, text }: Received): string {
  const json = parse(text);
  const [first] = Array.isArray(json) ? (json as unknown[]) : [json];
  const { error } = (first ?? {}) as { error?: { status?: string; message?: string } };
  if (error) return `${status} ${error.status} ${normalize(error.message ?? '')}`.trim();
  if (status !== 200 || json === undefined) return `${status}`;
  return `200 ${Array.isArray(json) ? describeStream(json as Message[]) : describeObject(json as Message)}`;
}

interface Message {
  name?: string;
  fields?: object;
  document?: Message;
  documents?: Message[];
  found?: Message;
  missing?: string;
  result?: { aggregateFields?: object };
  writeResults?: object[];
  status?: { code?: number }[];
  [key: string]: unknown;
}

function describeStream(messages: Message[]): string {
  const parts = messages.flatMap(({ document, found, missing, result }) => {
    if (result) return stable(result.aggregateFields ?? {});
    if (missing !== undefined) return `missing ${short(missing)}`;
    return short((document ?? found)?.name ?? '') || [];
  });
  return parts.join(' ') || 'nothing';
}

function describeObject(message: Message): string {
  const { name, fields, documents, writeResults } = message;
  if (name !== undefined) return stable(fields ?? {});
  if (documents) return documents.map((each) => short(each.name ?? '')).join(' ');
  if (writeResults) return `${writeResults.length} written`;
  return Object.keys(message).sort().join(' ') || 'nothing';
}

const short = (name: string): string => name.replace(`${ROOT}/`, '');

/** JSON with sorted keys and without times. */
function stable(value: unknown): string {
  const text = JSON.stringify(value, (_key, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
  return text.replace(/20[2-9]\d-\d\d-\d\dT[\d:.]+Z/g, 'TIME');
}

function normalize(message: string): string {
  const text = message.replace(/\s+/g, ' ').replaceAll(PROJECT, 'PROJECT').trim();
  return text.replace(/\(\d{5,}\)/g, '(TIME)').slice(0, MAX_MESSAGE);
}
