/** The files with the recorded answers of Google's emulator. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answers } from './run-table.js';

/** One file of tests/reference. */
export interface Recorded {
  about: string;
  source: string;
  /** Name and version. */
  emulator: string;
  /** By table; some tables are recorded in a compact form. */
  answers: Record<string, Answers>;
}

const FOLDER = join('tests', 'reference');
const ABOUT =
  "What Google's Firestore emulator answers to the requests in tools/dev/reference: the status, then the code and " +
  'message of an error (the first 110 characters), or the documents in their order. Of the conditions of list rules: ' +
  'A or D for each query. Of generated cases: see generated.ts.';

/** @returns all recordings */
export function readRecordings(root: string): Recorded[] {
  const files = readdirSync(join(root, FOLDER)).filter((file) => file.endsWith('.json'));
  return files.map(
    (file) => JSON.parse(readFileSync(join(root, FOLDER, file), 'utf8')) as Recorded,
  );
}

/** Writes the answers of a version, in a file of its own. */
export function writeRecording(
  root: string,
  version: string,
  answers: Record<string, Answers>,
): void {
  const recorded: Recorded = {
    about: ABOUT,
    source: 'npm run test:reference -- --emulator-jar FILE',
    emulator: `Google's Firestore emulator ${version}`,
    answers,
  };
  const file = join(root, FOLDER, `emulator-${version}.json`);
  writeFileSync(file, `${JSON.stringify(recorded, null, 2)}\n`);
}
