/** Documents with values of all types: exported by one emulator, they are the same in another that imports them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  bytes,
  call,
  commit,
  double,
  encode,
  geo,
  long,
  NAN,
  PROJECT,
  raw,
  reference,
  ROOT,
  set,
  time,
} from './requests.js';
import { expectOk } from './list-rules.js';
import { clear, send, type Answers } from './run-table.js';

/** What Google's emulator has exported, in the repository. */
export const EXPORT_FOLDER = join('tests', 'reference', 'export');
const NAME = 'documents';

/** The file that names the others of an export. */
export const exportFile = (folder: string): string =>
  join(folder, NAME, `${NAME}.overall_export_metadata`);

/** A project that the documents refer to. */
const OTHER = 'projects/other/databases/(default)/documents/c/d';
const SECOND = `projects/${PROJECT}/databases/second/documents/c/d`;
const deep = {
  bytes: bytes('AA=='),
  geo: geo(3, 4),
  empty: [],
  list: ['q', null],
  nothing: null,
  time: time('2020-01-01T00:00:00.000001Z'),
  reference: reference('c/d'),
  nan: NAN,
};
const VALUES: Record<string, unknown> = {
  null: null,
  true: true,
  false: false,
  zero: 0,
  'greatest integer': long('9223372036854775807'),
  'least integer': long('-9223372036854775808'),
  double: 1.5,
  'whole double': double(1),
  'negative zero': double('-0'),
  nan: NAN,
  infinity: double('Infinity'),
  'negative infinity': double('-Infinity'),
  'least double': double(5e-324),
  'greatest double': double(1.7976931348623157e308),
  text: 'text',
  'empty text': '',
  unicode: 'é日😀 \u0000\u0001 "\\',
  'long text': 'x'.repeat(2000),
  bytes: bytes(Buffer.from([0, 1, 2, 254, 255]).toString('base64')),
  'empty bytes': bytes(''),
  'long bytes': bytes(Buffer.alloc(2000, 7).toString('base64')),
  geo: geo(12.5, -99.25),
  'geo zero': geo(0, 0),
  'geo corner': geo(-90, 180),
  time: time('2026-11-27T08:00:00.123456Z'),
  'time zero': time('1970-01-01T00:00:00Z'),
  'before 1970': time('1969-12-31T23:59:59.999999Z'),
  'first time': time('0001-01-01T00:00:00Z'),
  'last time': time('9999-12-31T23:59:59.999999Z'),
  reference: reference('c/d'),
  'reference below': reference('c/d/e/f'),
  'numeric reference': reference('c/__id123__'),
  'other project': raw({ referenceValue: OTHER }),
  'other database': raw({ referenceValue: SECOND }),
  'empty list': [],
  'list of one': [1],
  'list of null': [null],
  list: [null, true, 5, 2.5, 'x', bytes('AQI='), geo(1, 2), time('2020-01-01T00:00:00Z'), reference('c/d'), { a: 1, b: [{}] }, {}], // prettier-ignore
  'empty map': {},
  map: { a: 1, deep },
  vector: { __type__: '__vector__', value: [double(1), double(2.5)] },
  'vector of one': { inner: { __type__: '__vector__', value: [double(1)] } },
  'a.b': 1,
  'é 日': 2,
  '`q`': 3,
};
const DOCUMENTS: Record<string, Record<string, unknown>> = {
  'all/types': VALUES,
  'c/d': { a: 1 },
  'c/d/e/f': { b: 2 },
  'c/__id7__': {},
  'ü ./a b': { x: 'y' },
  'missing/parent/sub/document': { n: 1 },
};

/** Writes the documents. */
export async function writeDocuments(url: string): Promise<void> {
  await clear(url);
  const writes = Object.entries(DOCUMENTS).map(([path, fields]) => set(path, fields));
  expectOk(await send(url, commit('commit', writes)));
}

/** @param folder absolute path; the export is a folder in it */
export async function exportAll(url: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const database = `projects/${PROJECT}/databases/(default)`;
  const body = { database, export_directory: folder, export_name: NAME };
  const path = `/emulator/v1/projects/${PROJECT}:export`;
  expectOk(await send(url, { name: 'export', method: 'POST', path, body }));
}

/** @returns by document and field the value that an emulator has */
export async function readDocuments(url: string): Promise<Answers> {
  const documents = Object.keys(DOCUMENTS).map((path) => `${ROOT}/${path}`);
  const response = await send(url, call('read', 'batchGet', { documents }));
  expectOk(response);
  const messages = JSON.parse(response.text) as {
    found?: { name: string; fields?: Record<string, object> };
    missing?: string;
  }[];
  const answers: Answers = {};
  for (const { found, missing } of messages) {
    const name = (found?.name ?? missing ?? '').replace(`${ROOT}/`, '');
    answers[name] = found ? 'exists' : 'missing';
    for (const [field, value] of Object.entries(found?.fields ?? {})) {
      answers[`${name} ${field}`] = sorted(value);
    }
  }
  return answers;
}

/** @returns what `readDocuments` returns where all documents are as they were written */
export function writtenDocuments(): Answers {
  const answers: Answers = {};
  for (const [path, fields] of Object.entries(DOCUMENTS)) {
    answers[path] = 'exists';
    for (const [field, value] of Object.entries(fields)) {
      answers[`${path} ${field}`] = sorted(encode(value));
    }
  }
  return answers;
}

/** JSON with sorted keys; what proto3 JSON may leave out is left out. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (key, item: unknown) => {
    if (item === null || typeof item !== 'object' || Array.isArray(item)) {
      return key === 'doubleValue' && item === '-0' ? -0 : item;
    }
    const entries = Object.entries(item).filter(([name, each]) => !isDefault(key, name, each));
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function isDefault(key: string, name: string, value: unknown): boolean {
  if (key === 'geoPointValue') return value === 0;
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return isEmpty && ((key === 'mapValue' && name === 'fields') || (key === 'arrayValue' && name === 'values')); // prettier-ignore
}
