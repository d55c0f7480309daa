/** `storage-public-variants doctor`: the words of the command line -> an examination, printed. */
import { readFileSync } from 'node:fs';
import { parseArgs, parseEnv } from 'node:util';
import { parseConfig, type Config } from '../../config/config.js';
import type { ProcessedImage, ProcessSettings } from '../../processing/process-image.js';
import { ConfigError, reasonOf } from '../../errors.js';
import { cleanup } from '../../lifecycle/cleanup.js';
import type { Backend } from '../../gcp/backend.js';
import { examine, type Examination, type ExamineOptions } from './examine.js';
import type { Finding } from './inspect.js';

export const USAGE = `storage-public-variants doctor --project P [--bucket B] [--params FILE] [--fix] [--json]
       [--unknown-folders] [--grace S]

Compares originals, renditions, image records and token records, and says what is orphaned, missing,
stale or unlocked.

--project P    the Firebase project; by your Application Default Credentials, or by the emulators that
               FIRESTORE_EMULATOR_HOST and STORAGE_EMULATOR_HOST name
--bucket B     holds originals and renditions; default: BUCKET of --params, else P.firebasestorage.app
--params FILE  the parameters of your instance, NAME=value a line; default: all as shipped
--fix          mends what is found
--json         a document instead of a table
--unknown-folders
               with --fix: deletes folders of renditions, too, that nothing names; not if another instance
               keeps its renditions in the same VARIANTS_PATH
--grace S      uploads of the last S seconds may be under way and are no finding; default: 60

Exit code: 0 when nothing is wrong (any more), 1 when something is, 2 when it could not be told.
`;

/** Old renditions that its own work leaves behind are waited for, up to so long, milliseconds. */
const PATIENCE_MS = 15 * 60_000;
/** What looks wrong may be under way: so long until it is looked at again, milliseconds. */
const SETTLE_MS = 5000;

/** What the command is given of the world. */
export interface CliEnvironment {
  environment: Readonly<Record<string, string | undefined>>;
  openLibrary: (config: Config, project: string) => Promise<Backend>;
  openProcessor: () => Promise<
    ((bytes: Buffer, plan: ProcessSettings) => Promise<ProcessedImage>) & { close(): void }
  >;
  now: () => number;
  wait: (ms: number) => Promise<void>;
  out: (text: string) => void;
  /** For what went wrong. */
  err: (text: string) => void;
  /** For a person who waits; each line takes the place of the one before. */
  progress: (line: string) => void;
}

/** What an examination, and a mending, came to. */
interface Report {
  before: Examination;
  /** After mending. */
  after?: Examination;
  /** What could not be mended, a sentence each. */
  problems: string[];
  /** When old renditions may be deleted that could not be waited for, milliseconds since 1970. */
  later?: number;
}

/** Why nothing can be told; its message is for the admin. */
class CannotTell extends Error {
  override readonly name = 'CannotTell';
}

/** @returns the exit code; never throws */
export async function doctor(argv: string[], surroundings: CliEnvironment): Promise<number> {
  const { out, err, progress } = surroundings;
  try {
    const options = readOptions(argv);
    if (options.help) {
      out(USAGE);
      return 0;
    }
    checkEmulators(surroundings.environment);
    const report = await run(options, surroundings);
    progress('');
    out(options.json ? toJson(report) : describe(report));
    const { findings } = report.after ?? report.before;
    return findings.length + report.problems.length > 0 || report.later !== undefined ? 1 : 0;
  } catch (error) {
    progress('');
    err(`${sentenceOf(error)}\n`);
    return 2;
  }
}

type Options = ReturnType<typeof readOptions>;

/** @throws CannotTell, ConfigError */
function readOptions(argv: string[]) {
  let parsed;
  try {
    parsed = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', default: false },
        project: { type: 'string', default: '' },
        bucket: { type: 'string' },
        params: { type: 'string' },
        fix: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        'unknown-folders': { type: 'boolean', default: false },
        grace: { type: 'string', default: '60' },
      },
    });
  } catch (error) {
    throw new CannotTell(`${(error as Error).message}\n\n${USAGE}`);
  }
  const { help, project, fix, json, grace, params, bucket } = parsed.values;
  const [stray] = parsed.positionals;
  const wrong =
    stray !== undefined
      ? `expected options only, found "${stray}"`
      : !/^[a-z0-9][a-z0-9:.-]*$/.test(project) && !help
        ? `--project: expected the id of a Firebase project, found "${project}"`
        : !/^\d{1,6}$/.test(grace)
          ? `--grace: expected whole seconds, found "${grace}"`
          : undefined;
  if (wrong !== undefined) throw new CannotTell(`${wrong}\n\n${USAGE}`);
  const given = params === undefined ? {} : parseEnv(readParams(params));
  const BUCKET = bucket ?? (given['BUCKET'] || `${project || 'project'}.firebasestorage.app`);
  const config = parseConfig({ ...given, BUCKET, GCLOUD_PROJECT: project });
  const unknownFolders = parsed.values['unknown-folders'];
  return { help, project, fix, json, unknownFolders, graceMs: Number(grace) * 1000, config };
}

function readParams(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = 'an error' } = error as { code?: string };
    throw new CannotTell(`--params: expected a file that can be read at ${file}, found ${code}`);
  }
}

/** The records of one world must not be held against the objects of another. */
function checkEmulators(environment: CliEnvironment['environment']): void {
  const names = ['FIRESTORE_EMULATOR_HOST', 'STORAGE_EMULATOR_HOST'];
  const [there, ...both] = names.filter((name) => environment[name]);
  if (there === undefined || both.length > 0) return;
  const other = names.find((name) => name !== there) ?? '';
  throw new CannotTell(`expected ${names.join(' and ')}, or neither; found no ${other}`);
}

async function run(options: Options, surroundings: CliEnvironment): Promise<Report> {
  const { config, project, fix, graceMs } = options;
  const { now, wait, progress } = surroundings;
  const opened = await surroundings.openLibrary(config, project);
  // No task is sent from here: what its own work leaves behind, the command sweeps itself.
  const sweeps = new Map<string, number>();
  const queues: Backend['queues'] = {
    ...opened.queues,
    scheduleCleanup: (task, at) => Promise.resolve(void sweeps.set(task.name, at)),
  };
  const keeper = { config, backend: { ...opened, queues }, now, log: () => {} };
  const looking: ExamineOptions = {
    graceMs,
    settle: () => wait(SETTLE_MS),
    onProgress: (what, done, total) =>
      progress(total === undefined ? `${done} ${what}` : `${bar(done, total)} ${what}`),
  };
  const before = await examine(keeper, looking);
  checkPlaces(before, options);
  const problems: string[] = [];
  const mendable = before.findings.filter((found) => !found.isUnknown || options.unknownFolders);
  if (!fix || mendable.length === 0) return { before, problems };
  const processImage = await surroundings.openProcessor();
  try {
    for (const [index, { mend, of }] of mendable.entries()) {
      progress(`${bar(index, mendable.length)} mended`);
      await mend({ ...keeper, processImage }).catch((error: unknown) => {
        problems.push(`${of}: ${reasonOf(error)}`);
      });
    }
  } finally {
    processImage.close();
  }
  let later: number | undefined;
  for (const until = now() + PATIENCE_MS; sweeps.size > 0;) {
    const [name, at] = [...sweeps].reduce((first, other) => (other[1] < first[1] ? other : first));
    if (at > until) {
      later = Math.max(...sweeps.values());
      break;
    }
    progress(
      `${sweeps.size} images have old renditions that may still be seen: waiting for the bound`,
    );
    await wait(Math.max(0, at - now()));
    sweeps.delete(name);
    await cleanup({ name }, keeper);
  }
  const after = await examine(keeper, looking);
  return { before, after, problems, ...(later !== undefined && { later }) };
}

/** Another instance's parameters would make all of this one's images look wrong, and mending delete them. */
function checkPlaces({ elsewhere, checked }: Examination, { config, fix }: Options): void {
  const { count, example } = elsewhere;
  // Made anew by parameters that find no token, images would lose what the tokens elsewhere show.
  if (checked.images > 0 && checked.tokens === 0) {
    throw new CannotTell(
      `expected token records in ${config.tokensCollection}, found none for ${checked.images} image records: ` +
        `check --params, or revoke by deleting originals.${fix ? ' Nothing was mended.' : ''}`,
    );
  }
  if (count === 0) return;
  throw new CannotTell(
    `expected records of gs://${config.bucket}/${config.originalsPath.text}, ` +
      `found ${count} that name something else, such as ${example}: check --bucket and --params, ` +
      `or delete them if they are nobody's.${fix ? ' Nothing was mended.' : ''}`,
  );
}

function sentenceOf(error: unknown): string {
  if (error instanceof CannotTell || error instanceof ConfigError) return error.message;
  // This goes to an admin's own terminal: what Google says helps, and is about the admin's own project.
  const [said = ''] = String((error as { message?: unknown }).message ?? error).split('\n');
  return `expected to read the project's Firestore and its bucket, found ${reasonOf(error)}: ${said}`;
}

const BAR_CELLS = 30;

function bar(done: number, total: number): string {
  const full = total === 0 ? BAR_CELLS : Math.round((done / total) * BAR_CELLS);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}] ${done}/${total}`;
}

/** `{ checked, findings, left?, later?, problems }`; `left` only after mending, `later` an ISO 8601 time. */
function toJson({ before, after, problems, later }: Report): string {
  const plain = (findings: Finding[]) => findings.map(({ kind, what, of }) => ({ kind, what, of }));
  const document = {
    checked: before.checked,
    findings: plain(before.findings),
    ...(after && { left: plain(after.findings) }),
    ...(later !== undefined && { later: new Date(later).toISOString() }),
    problems,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function describe({ before, after, problems, later }: Report): string {
  const { originals, images, tokens, folders } = before.checked;
  const counted = `${originals} originals, ${images} image records, ${tokens} token records, ${folders} folders of renditions`;
  const lines = [counted, ...table(before.findings)];
  if (before.findings.length === 0) lines.push('Nothing is wrong.');
  if (after !== undefined) {
    const count = `${before.findings.length} findings; after mending: ${after.findings.length}`;
    lines.push(count, ...table(after.findings));
  }
  if (later !== undefined) {
    const time = new Date(later).toISOString();
    lines.push(`Old renditions may still be seen until ${time}: run this again then.`);
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
