/** Documents as entities of an export. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { Store } from '../store/store.js';
import type * as v1 from '../v1.js';
import { exportDocuments, importDocuments } from './documents.js';
import { writeExport } from './export-files.js';

const ROOT = 'projects/demo-x/databases/(default)/documents';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'export-test-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** Imports what the folder has. @returns the documents of all databases */
function importAll(project = 'demo-x'): Map<string, v1.Fields> {
  const stores = new Map<string, Store>();
  const storeOf = (root: string): Store => {
    const store = stores.get(root) ?? new Store();
    stores.set(root, store);
    return store;
  };
  importDocuments(join(folder, 'e.overall_export_metadata'), project, storeOf);
  const documents = [...stores.values()].flatMap((store) => store.documents());
  return new Map(documents.map(({ name, fields }) => [name ?? '', fields ?? {}]));
}

const scalar: fc.Arbitrary<v1.Value> = fc.oneof(
  fc.constant({ nullValue: 'NULL_VALUE' as const }),
  fc.boolean().map((booleanValue) => ({ booleanValue })),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((value) => ({ integerValue: String(value) })),
  fc.double().map((doubleValue) => ({ doubleValue })),
  fc.string({ unit: 'grapheme' }).map((stringValue) => ({ stringValue })),
  fc.uint8Array().map((bytes) => ({ bytesValue: Buffer.from(bytes) })),
  fc.constantFrom('c/d', 'c/__id123__', 'c/d/e/f').map((path) => ({
    referenceValue: `${ROOT}/${path}`,
  })),
  fc
    .record({
      latitude: fc.double({ min: -90, max: 90, noNaN: true }),
      longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    })
    .map((geoPointValue) => ({ geoPointValue })),
  fc
    .record({
      // The years 1 to 9999.
      seconds: fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }).map(String),
      nanos: fc.integer({ min: 0, max: 999_999 }).map((micros) => micros * 1000),
    })
    .map((timestampValue) => ({ timestampValue })),
);

const name = fc.oneof(fc.string({ minLength: 1, maxLength: 5 }), fc.constant('__proto__x'));

const { fields } = fc.letrec<{ value: v1.Value; item: v1.Value; fields: v1.Fields }>((tie) => ({
  item: fc.oneof(
    { depthSize: 'small' },
    scalar,
    tie('fields').map((of) => ({ mapValue: { fields: of } })),
  ),
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    tie('fields').map((of) => ({ mapValue: { fields: of } })),
    fc.array(tie('item'), { maxLength: 4 }).map((values) => ({ arrayValue: { values } })),
  ),
  fields: fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
}));

test('documents with any fields are imported as they were exported', () => {
  const names = [`${ROOT}/c/d`, `${ROOT}/c/d/e/f`, `${ROOT}/c/__id7__`, `${ROOT}/ü ./a b`];
  fc.assert(
    fc.property(fc.array(fields, { maxLength: names.length }), (all) => {
      const documents = all.map((of, index) => ({ name: names[index] ?? '', fields: of }));
      exportDocuments(documents, folder, 'e');
      expect([...importAll()].sort()).toEqual(
        documents.map(({ name: of, fields: with_ }) => [of, with_]).sort(),
      );
    }),
    { numRuns: 150 },
  );
});

test('documents of all databases are exported; another project takes them over with its references', () => {
  const other = `projects/demo-x/databases/second/documents`;
  const foreign = 'projects/elsewhere/databases/(default)/documents/a/b';
  const documents = [
    { name: `${ROOT}/a/b`, fields: { r: { referenceValue: `${other}/a/b` } } },
    { name: `${other}/a/b`, fields: { r: { referenceValue: foreign } } },
  ];
  expect(exportDocuments(documents, folder, 'e')).toBe(2);
  const moved = (text: string): string => text.replace('demo-x', 'demo-y');
  expect(importAll('demo-y')).toEqual(
    new Map([
      [moved(`${ROOT}/a/b`), { r: { referenceValue: moved(`${other}/a/b`) } }],
      [moved(`${other}/a/b`), { r: { referenceValue: foreign } }],
    ]),
  );
});

const vector: v1.Value = {
  mapValue: {
    fields: {
      __type__: { stringValue: '__vector__' },
      value: { arrayValue: { values: [{ doubleValue: 1 }] } },
    },
  },
};

test('vectors are exported as vectors, also within maps and lists', () => {
  const fields = { vector, map: { mapValue: { fields: { vector } } }, list: { arrayValue: { values: [vector] } } }; // prettier-ignore
  exportDocuments([{ name: `${ROOT}/a/b`, fields }], folder, 'e');
  expect(importAll()).toEqual(new Map([[`${ROOT}/a/b`, fields]]));
});

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const text = (value: string): string => Buffer.from(value).toString('hex');

/** A document `c/d` as production and each version of the emulator encode it, with properties. */
function entity(app: string, tag: '72' | '7a', properties: string[]): Buffer {
  const path = `0b 12 01 ${text('c')} 22 01 ${text('d')} 0c`;
  const key = hex(`6a ${length(app)} ${text(app)} 72 08 ${path}`);
  const body = properties
    .map((property) => `${tag} ${length(hex(property))} ${property}`)
    .join(' ');
  return hex(`6a ${length(key)} ${key.toString('hex')} ${body} 82 01 08 ${path}`);
}

const length = (value: string | Buffer): string => Buffer.from([value.length]).toString('hex');

test.each([
  ['production', 's~demo-x', '7a'],
  ['production in Europe', 'e~demo-x', '7a'],
  ['emulator 1.11 to 1.19', 'dev~demo-x', '7a'],
  ['emulator 1.20', 'dev~demo-x', '72'],
] as const)('reads what %s writes', (_, app, tag) => {
  const properties = [
    `1a 01 ${text('n')} 20 00 2a 02 08 64`,
    `08 07 1a 01 ${text('t')} 20 00 2a 04 08 c0 84 3d`,
    `08 18 1a 01 ${text('e')} 20 00 2a 00`,
    `1a 01 ${text('l')} 20 01 2a 03 1a 01 ${text('a')}`,
    `1a 01 ${text('l')} 20 01 2a 02 10 01`,
    `1a 01 ${text('z')} 20 00 2a 00`,
    `08 0e 1a 01 ${text('b')} 20 00 2a 03 1a 01 07`,
    `08 10 1a 01 ${text('s')} 20 00 2a 03 1a 01 07`,
    `08 1f 1a 01 ${text('v')} 20 01 2a 09 21 00 00 00 00 00 00 f0 3f`,
    `08 13 1a 01 ${text('m')} 20 00 2a 16 1a 14 6a 04 6a 00 72 00 72 09 1a 01 ${text('x')} 20 00 2a 02 08 05 82 01 00`,
  ];
  writeExport(folder, 'e', [entity(app, tag, properties)]);
  expect(importAll()).toEqual(
    new Map([
      [
        `${ROOT}/c/d`,
        {
          n: { integerValue: '100' },
          t: { timestampValue: { seconds: '1', nanos: 0 } },
          e: { arrayValue: { values: [] } },
          l: { arrayValue: { values: [{ stringValue: 'a' }, { booleanValue: true }] } },
          z: { nullValue: 'NULL_VALUE' },
          b: { bytesValue: Buffer.from([7]) },
          s: { bytesValue: Buffer.from([7]) },
          v: vector,
          m: { mapValue: { fields: { x: { integerValue: '5' } } } },
        },
      ],
    ]),
  );
});

test('what is no export, or one that is incomplete, is refused in a sentence', () => {
  expect(() => importAll()).toThrow('e.overall_export_metadata');
  writeFileSync(join(folder, 'e.overall_export_metadata'), '{}');
  expect(() => importAll()).toThrow('is damaged: a record is cut off at byte 0.');
  exportDocuments([{ name: `${ROOT}/a/b`, fields: {} }], folder, 'e');
  const output = join(folder, 'all_namespaces', 'all_kinds', 'output-0');
  writeFileSync(output, 'garbage garbage');
  expect(() => importAll()).toThrow('output-0 is damaged');
  rmSync(output);
  expect(() => importAll()).toThrow('output-0');
  mkdirSync(output);
  expect(() => importAll()).toThrow('EISDIR');
  rmSync(output, { recursive: true });
  writeExport(folder, 'e', [Buffer.from('no entity')]);
  expect(() => importAll()).toThrow("is damaged: document 1 can't be decoded.");
});
