/** The files of an export: those that the Firebase CLI and gcloud write and read. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { protobuf } from 'google-gax';
import { readRecords, writeRecords } from './record-log.js';

const FOLDER = 'all_namespaces/all_kinds';
const METADATA_FILE = `${FOLDER}/all_namespaces_all_kinds.export_metadata`;
const OUTPUT_FILE = 'output-0';
/** The first record of the list of all exports. */
const FORMAT_VERSION = '3';
/** Of every export that was looked at. */
const KIND = { first: 2, second: 3 };

const root = protobuf.Root.fromJSON({
  nested: {
    /** NAME.overall_export_metadata, second record. */
    Overall: {
      fields: { exports: { rule: 'repeated', type: 'Export', id: 1 } },
      nested: {
        Export: {
          fields: {
            kind: { type: 'Kind', id: 1 },
            file: { type: 'string', id: 2 },
            entities: { type: 'int64', id: 3 },
            bytes: { type: 'int64', id: 4 },
          },
          nested: {
            Kind: { fields: { first: { type: 'int32', id: 1 }, second: { type: 'int32', id: 3 } } },
          },
        },
      },
    },
    /** NAME.export_metadata */
    Metadata: {
      fields: {
        run: { type: 'Run', id: 1 },
        outputs: { rule: 'repeated', type: 'Output', id: 2 },
      },
      nested: {
        Run: {
          fields: {
            name: { type: 'string', id: 1 },
            startMicros: { type: 'int64', id: 2 },
            endMicros: { type: 'int64', id: 3 },
          },
        },
        Output: { fields: { kind: { type: 'string', id: 1 }, file: { type: 'string', id: 2 } } },
      },
    },
  },
});
root.resolveAll();
const overallType = root.lookupType('Overall');
const metadataType = root.lookupType('Metadata');

/**
 * Writes an export.
 * @param folder absolute path; it is created
 * @param name of the export: the list of its files is `NAME.overall_export_metadata`
 * @param entities encoded
 */
export function writeExport(folder: string, name: string, entities: readonly Buffer[]): void {
  const start = Date.now() * 1000;
  const output = writeRecords(entities);
  const run = { name, startMicros: start, endMicros: Date.now() * 1000 };
  const metadata = { run, outputs: [{ kind: '', file: OUTPUT_FILE }] };
  const overall = {
    exports: [{ kind: KIND, file: METADATA_FILE, entities: entities.length, bytes: output.length }],
  };
  mkdirSync(join(folder, FOLDER), { recursive: true });
  writeFileSync(join(folder, FOLDER, OUTPUT_FILE), output);
  writeFileSync(join(folder, METADATA_FILE), encode(metadataType, metadata));
  const records = [Buffer.from(FORMAT_VERSION), encode(overallType, overall)];
  writeFileSync(join(folder, `${name}.overall_export_metadata`), writeRecords(records));
}

/**
 * Reads the entities of an export.
 * @param overallFile path of `NAME.overall_export_metadata`
 * @returns encoded entities
 * @throws Error when a file is missing or damaged, or is no export of Firestore
 */
export function* readExport(overallFile: string): Iterable<Buffer> {
  const [version, ...lists] = readRecords(readFileSync(overallFile), overallFile);
  if (version?.toString() !== FORMAT_VERSION) {
    throw new Error(`${overallFile} is no export of Firestore: expected format ${FORMAT_VERSION}.`);
  }
  for (const list of lists) {
    const { exports = [] } = decode<{ exports?: { file: string }[] }>(
      overallType,
      list,
      overallFile,
    );
    for (const { file } of exports) yield* readOutputs(join(dirname(overallFile), slashes(file)));
  }
}

function* readOutputs(metadataFile: string): Iterable<Buffer> {
  const bytes = readFileSync(metadataFile);
  const { outputs = [] } = decode<{ outputs?: { file: string }[] }>(
    metadataType,
    bytes,
    metadataFile,
  );
  for (const { file } of outputs) {
    const output = join(dirname(metadataFile), slashes(file));
    yield* readRecords(readFileSync(output), output);
  }
}

/** Exports that were made on Windows have backslashes. */
function slashes(path: string): string {
  return path.replaceAll('\\', '/');
}

function encode(type: protobuf.Type, value: object): Buffer {
  return Buffer.from(type.encode(type.fromObject(value)).finish());
}

function decode<T>(type: protobuf.Type, bytes: Buffer, file: string): T {
  try {
    return type.toObject(type.decode(bytes), { longs: String }) as T;
  } catch (cause) {
    throw new Error(`${file} is damaged: it can't be decoded.`, { cause });
  }
}
