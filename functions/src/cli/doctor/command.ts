/** `storage-public-variants doctor`: parses the command line, runs the examination and prints the report. */
import { readFileSync } from 'node:fs';
import { parseArgs, parseEnv } from 'node:util';
import { parseConfig, type Config } from '../../config/config.js';
import type { ProcessedImage, ProcessSettings } from '../../processing/process-image.js';
import { ConfigError, reasonOf } from '../../errors.js';
import { cleanup } from '../../lifecycle/cleanup.js';
import type { Backend } from '../../gcp/backend.js';
import { toPrintable, toPrintableJson } from './printable.js';
import { examine, type Examination, type ExamineOptions } from './examine.js';
import type { Finding } from './inspect.js';

export const USAGE = `storage-public-variants doctor --project P [--bucket B] [--params FILE] [--fix] [--json]
       [--unknown-folders] [--grace S]

Compares originals, renditions, image records and token records, and lists what is orphaned, missing,
stale or unlocked.

--project P    Firebase project; read with Application Default Credentials, or from the emulators that
               FIRESTORE_EMULATOR_HOST and STORAGE_EMULATOR_HOST name
--bucket B     bucket of originals and renditions; default: BUCKET of --params, else P.firebasestorage.app
--params FILE  parameters of your instance, one NAME=value per line; default: the default parameters
--fix          fix the findings
--json         print a JSON document instead of a table
--unknown-folders
               with --fix: also delete rendition folders that belong to no known image. Do not use it if
               another instance has its renditions in the same VARIANTS_PATH
--grace S      ignore uploads of the last S seconds, which may still be in progress; default: 60

Exit code: 0 if there are no findings or all were fixed, 1 if findings are left, 2 if the check failed.
`;

/** Maximum time to wait until old renditions may be deleted, milliseconds. */
const MAX_CLEANUP_WAIT_MS = 15 * 60_000;
/** Time until images with findings are inspected again, because their processing may be in progress, milliseconds. */
const SETTLE_MS = 5000;

/** What the command needs from its process; replaced in tests. */
export interface CliEnvironment {
  /** Environment variables. */
  env: Readonly<Record<string, string | undefined>>;
  openBackend: (config: Config, project: string) => Promise<Backend>;
  openProcessor: () => Promise<
    ((bytes: Buffer, plan: ProcessSettings) => Promise<ProcessedImage>) & { close(): void }
  >;
  /** Milliseconds since 1970. */
  now: () => number;
  wait: (ms: number) => Promise<void>;
  /** Writes to stdout. */
  out: (text: string) => void;
  /** Writes to stderr. */
  err: (text: string) => void;
  /** Shows a progress line, which replaces the previous one; an empty line clears it. */
  progress: (line: string) => void;
}

interface Report {
  before: Examination;
  /** The examination after fixing. */
  after?: Examination;
  /** What could not be fixed, one sentence each. */
  problems: string[];
  /** When the remaining old renditions may be deleted, milliseconds since 1970. */
  later?: number;
}

/** The command line, its files or the environment are wrong; the message is for the user. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Runs the command.
 * @param argv arguments after `doctor`
 * @returns the exit code: see USAGE; never throws
 */
export async function doctor(argv: string[], cli: CliEnvironment): Promise<number> {
  const { out, err, progress } = cli;
  try {
    const options = parseOptions(argv);
    if (options.help) {
      out(USAGE);
      return 0;
    }
    checkEmulators(cli.env);
    const report = await run(options, cli);
    progress('');
    out(options.json ? toJson(report) : toText(report));
    const { findings } = report.after ?? report.before;
    return findings.length + report.problems.length > 0 || report.later !== undefined ? 1 : 0;
  } catch (error) {
    progress('');
    err(`${messageOf(error)}\n`);
    return 2;
  }
}

type Options = ReturnType<typeof parseOptions>;

/** @throws UsageError, ConfigError */
function parseOptions(argv: string[]) {
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
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`);
  }
  const { help, project, fix, json, grace, params, bucket } = parsed.values;
  const [positional] = parsed.positionals;
  const problem =
    positional !== undefined
      ? `expected options only, found "${positional}"`
      : !/^[a-z0-9][a-z0-9:.-]*$/.test(project) && !help
        ? `--project: expected the id of a Firebase project, found "${project}"`
        : !/^\d{1,6}$/.test(grace)
          ? `--grace: expected a whole number of seconds, found "${grace}"`
          : undefined;
  if (problem !== undefined) throw new UsageError(`${problem}\n\n${USAGE}`);
  const parameters = params === undefined ? {} : parseEnv(readParams(params));
  const BUCKET = bucket ?? (parameters['BUCKET'] || `${project || 'project'}.firebasestorage.app`);
  const config = parseConfig({ ...parameters, BUCKET, GCLOUD_PROJECT: project });
  const unknownFolders = parsed.values['unknown-folders'];
  return { help, project, fix, json, unknownFolders, graceMs: Number(grace) * 1000, config };
}

function readParams(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = 'an error' } = error as { code?: string };
    throw new UsageError(`--params: expected a readable file at ${file}, found ${code}`);
  }
}

/** Records in an emulator must not be compared with objects in the cloud, nor the reverse. */
function checkEmulators(env: CliEnvironment['env']): void {
  const names = ['FIRESTORE_EMULATOR_HOST', 'STORAGE_EMULATOR_HOST'];
  const present = names.filter((name) => env[name]);
  if (present.length !== 1) return;
  const missing = names.find((name) => !present.includes(name)) ?? '';
  throw new UsageError(`expected ${names.join(' and ')}, or neither; found no ${missing}`);
}

async function run(options: Options, cli: CliEnvironment): Promise<Report> {
  const { config, project, fix, graceMs } = options;
  const { now, wait, progress } = cli;
  const projectBackend = await cli.openBackend(config, project);
  // The command enqueues no tasks: it runs the cleanups that its own fixes require itself.
  const cleanupTimes = new Map<string, number>();
  const queues: Backend['queues'] = {
    ...projectBackend.queues,
    scheduleCleanup: (task, at) => Promise.resolve(void cleanupTimes.set(task.name, at)),
  };
  const context = { config, backend: { ...projectBackend, queues }, now, log: () => {} };
  const examineOptions: ExamineOptions = {
    graceMs,
    settle: () => wait(SETTLE_MS),
    onProgress: (what, done, total) =>
      progress(total === undefined ? `${done} ${what}` : `${progressBar(done, total)} ${what}`),
  };
  const before = await examine(context, examineOptions);
  checkParameters(before, options);
  const problems: string[] = [];
  const fixable = before.findings.filter(({ isUnknown }) => !isUnknown || options.unknownFolders);
  if (!fix || fixable.length === 0) return { before, problems };
  const processImage = await cli.openProcessor();
  try {
    for (const [index, finding] of fixable.entries()) {
      progress(`${progressBar(index, fixable.length)} fixed`);
      await finding.fix({ ...context, processImage }).catch((error: unknown) => {
        problems.push(`${finding.of}: ${reasonOf(error)}`);
      });
    }
  } finally {
    processImage.close();
  }
  let later: number | undefined;
  for (const deadline = now() + MAX_CLEANUP_WAIT_MS; cleanupTimes.size > 0;) {
    const [name, at] = [...cleanupTimes].reduce((first, other) =>
      other[1] < first[1] ? other : first,
    );
    if (at > deadline) {
      later = Math.max(...cleanupTimes.values());
      break;
    }
    progress(
      `waiting for the revocation bound: old renditions of ${cleanupTimes.size} images may still be cached`,
    );
    await wait(Math.max(0, at - now()));
    cleanupTimes.delete(name);
    await cleanup({ name }, context);
  }
  const after = await examine(context, examineOptions);
  return { before, after, problems, ...(later !== undefined && { later }) };
}

/**
 * Stops when the parameters seem to be those of another instance: all images of this one would be findings,
 * and fixing them would delete them.
 * @throws UsageError
 */
function checkParameters({ elsewhere, checked }: Examination, { config, fix }: Options): void {
  const { count, example } = elsewhere;
  const nothingFixed = fix ? ' Nothing was fixed.' : '';
  // Reprocessing with the wrong collection would delete renditions that the tokens of the right one need.
  if (checked.images > 0 && checked.tokens === 0) {
    throw new UsageError(
      `expected token records in ${config.tokensCollection}, found none for ${checked.images} image records: ` +
        `check --params, or revoke by deleting originals.${nothingFixed}`,
    );
  }
  if (count === 0) return;
  throw new UsageError(
    `expected records of gs://${config.bucket}/${config.originalsPath.text}, ` +
      `found ${count} that name something else, such as ${toPrintable(example ?? '')}: check --bucket and --params, ` +
      `or delete these records if no instance uses them.${nothingFixed}`,
  );
}

function messageOf(error: unknown): string {
  if (error instanceof UsageError || error instanceof ConfigError) return error.message;
  // The first line of Google's message may be shown: it goes to the user's terminal, about the user's project.
  const [firstLine = ''] = String((error as { message?: unknown }).message ?? error).split('\n');
  return `expected to read the project's Firestore and its bucket, found ${reasonOf(error)}: ${toPrintable(firstLine)}`;
}

const BAR_CELLS = 30;

function progressBar(done: number, total: number): string {
  const full = total === 0 ? BAR_CELLS : Math.round((done / total) * BAR_CELLS);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}] ${done}/${total}`;
}

/** `{ checked, findings, left?, later?, problems }`: `left` only after fixing, `later` in ISO 8601. */
function toJson({ before, after, problems, later }: Report): string {
  const plain = (findings: Finding[]) => findings.map(({ kind, what, of }) => ({ kind, what, of }));
  const document = {
    checked: before.checked,
    findings: plain(before.findings),
    ...(after && { left: plain(after.findings) }),
    ...(later !== undefined && { later: new Date(later).toISOString() }),
    problems,
  };
  return `${toPrintableJson(document)}\n`;
}

function toText({ before, after, problems, later }: Report): string {
  const { originals, images, tokens, folders } = before.checked;
  const counts = `${originals} originals, ${images} image records, ${tokens} token records, ${folders} rendition folders`;
  const lines = [counts, ...toTable(before.findings)];
  if (before.findings.length === 0) lines.push('No findings.');
  if (after !== undefined) {
    const count = `${before.findings.length} findings; after fixing: ${after.findings.length}`;
    lines.push(count, ...toTable(after.findings));
  }
  if (later !== undefined) {
    const time = new Date(later).toISOString();
    lines.push(`Old renditions may still be cached until ${time}: run this command again then.`);
  }
  return [...lines, ...problems.map(toPrintable), ''].join('\n');
}

/** Columns that are aligned with spaces. */
function toTable(findings: Finding[]): string[] {
  if (findings.length === 0) return [];
  const rows = [
    ['kind', 'what', 'of'],
    ...findings.map(({ kind, what, of }) => [kind, what, toPrintable(of)]),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
