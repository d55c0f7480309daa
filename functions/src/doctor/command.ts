/** `storage-public-variants doctor`: the words of the command line -> an examination, printed. */
import { readFileSync } from 'node:fs';
import { parseArgs, parseEnv } from 'node:util';
import { parseConfig, type Config } from '../config/config.js';
import type { Derived, Plan } from '../derive/derive.js';
import { reasonOf } from '../errors.js';
import type { Library } from '../library/library.js';
import { examine, mend, type Examination } from './examine.js';
import type { Finding } from './inspect.js';

export const USAGE = `storage-public-variants doctor --project P [--bucket B] [--params FILE] [--fix] [--json]

Compares originals, renditions, image records and token records, and says what is orphaned, missing,
stale or unlocked.

--project P    the Firebase project; by your Application Default Credentials, or by the emulators that
               FIRESTORE_EMULATOR_HOST and STORAGE_EMULATOR_HOST name
--bucket B     holds originals and renditions; default: BUCKET of --params, else P.firebasestorage.app
--params FILE  the parameters of your instance, NAME=value a line; default: all as shipped
--fix          mends what is found
--json         a document instead of a table

Exit code: 0 when nothing is wrong (any more), 1 when something is, 2 when it could not be told.
`;

/** What the command is given of the world. */
export interface Surroundings {
  openLibrary: (config: Config, project: string) => Promise<Library>;
  openDerive: () => Promise<((bytes: Buffer, plan: Plan) => Promise<Derived>) & { close(): void }>;
  now: () => number;
  out: (text: string) => void;
  /** For a person who waits; on a terminal the line is written over. */
  progress: (line: string) => void;
}

/** @returns the exit code */
export async function doctor(argv: string[], surroundings: Surroundings): Promise<number> {
  const { out, now } = surroundings;
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions(argv);
  } catch (error) {
    out(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  const { config, project, fix, json } = options;
  const library = await surroundings.openLibrary(config, project);
  const keeper = { config, library, now, log: () => {} };
  const onProgress = (done: number, total: number) => surroundings.progress(bar(done, total));
  const before = await examine(keeper, onProgress);
  const problems: string[] = [];
  let after: Examination | undefined;
  if (fix && before.findings.length > 0) {
    const derive = await surroundings.openDerive();
    try {
      for (const [index, finding] of before.findings.entries()) {
        surroundings.progress(`mending ${bar(index, before.findings.length)}`);
        await mend(finding, { ...keeper, derive }).catch((error: unknown) => {
          problems.push(`${finding.of}: ${reasonOf(error)}`);
        });
      }
    } finally {
      derive.close();
    }
    after = await examine(keeper, onProgress);
  }
  surroundings.progress('');
  const { checked, findings } = before;
  const left = after?.findings;
  out(
    json
      ? `${JSON.stringify({ checked, findings, ...(left && { left }), problems }, null, 2)}\n`
      : describe(before, left, problems),
  );
  return (left ?? findings).length > 0 ? 1 : 0;
}

function readOptions(argv: string[]) {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      project: { type: 'string' },
      bucket: { type: 'string' },
      params: { type: 'string' },
      fix: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const { project, fix, json } = values;
  if (positionals.length > 0) throw new Error(`expected options only, found "${positionals[0]}"`);
  if (!project) throw new Error('--project: expected the id of a Firebase project, found nothing');
  const given = values.params === undefined ? {} : parseEnv(readFileSync(values.params, 'utf8'));
  const BUCKET = values.bucket ?? (given['BUCKET'] || `${project}.firebasestorage.app`);
  return { config: parseConfig({ ...given, BUCKET }), project, fix, json };
}

const BAR_CELLS = 30;

function bar(done: number, total: number): string {
  const full = total === 0 ? BAR_CELLS : Math.round((done / total) * BAR_CELLS);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}] ${done}/${total}`;
}

function describe(
  { checked, findings }: Examination,
  left: Finding[] | undefined,
  problems: string[],
): string {
  const { originals, images, tokens, folders } = checked;
  const counted = `${originals} originals, ${images} image records, ${tokens} token records, ${folders} folders of renditions`;
  const lines = [counted, ...table(findings)];
  if (findings.length === 0) lines.push('Nothing is wrong.');
  if (left !== undefined) {
    lines.push(`${findings.length} findings; after mending: ${left.length}`, ...table(left));
  }
  return [...lines, ...problems, ''].join('\n');
}

function table(findings: Finding[]): string[] {
  if (findings.length === 0) return [];
  const rows = [['kind', 'what', 'of'], ...findings.map(({ kind, what, of }) => [kind, what, of])];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
