/** `storage-public-variants doctor`: checks an installation and examines its records, and prints the report. */
import type { Config } from '../../config/config.js';
import type { ProcessedImage, ProcessSettings } from '../../processing/process-image.js';
import { ConfigError, reasonOf } from '../../errors.js';
import { cleanup } from '../../lifecycle/cleanup.js';
import type { Backend } from '../../gcp/backend.js';
import { progressBar } from '../terminal.js';
import { toPrintable, toPrintableJson } from './printable.js';
import { parseOptions, USAGE, type Options, type RecordsOptions } from './options.js';
import { checkEmulators, UsageError, usesEmulators } from './parameter-file.js';
import { CredentialsError } from './installation/rest.js';
import { isInputError, resolveInstallation } from './installation/resolve.js';
import {
  checkInstallation,
  hasFault,
  installationJson,
  installationText,
  type InstallationEnvironment,
} from './installation/run.js';
import { explainUrl } from './explain-url.js';
import { examine, type Examination, type ExamineOptions } from './examine.js';
import type { Finding } from './inspect.js';

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
  installation: Pick<
    InstallationEnvironment,
    'cwd' | 'packageFiles' | 'openClient' | 'onInterrupt'
  >;
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

/**
 * Runs the command.
 * @param argv arguments after `doctor`
 * @returns the exit code: see USAGE; never throws
 */
export async function doctor(argv: string[], cli: CliEnvironment): Promise<number> {
  const { out, err, progress } = cli;
  let document: object = {};
  try {
    const options = parseOptions(argv);
    if (options.help) {
      out(USAGE);
      return 0;
    }
    checkEmulators(cli.env, options.selection.project);
    if (options.only === 'installation' && usesEmulators(cli.env)) {
      throw new UsageError(
        '--only installation: expected no FIRESTORE_EMULATOR_HOST and STORAGE_EMULATOR_HOST, because emulators have no installation',
      );
    }
    const { json } = options;
    const resolved = usesEmulators(cli.env) ? undefined : resolve(options, cli);
    if (options.url !== undefined) {
      return await explain(options.url, options.records(resolved?.installation), json, cli);
    }
    let isFaulty = false;
    if (resolved !== undefined && options.only !== 'records') {
      const report = await checkInstallation(
        resolved,
        { probe: options.probe },
        { ...cli, ...cli.installation },
      );
      isFaulty = hasFault(report, options.strict);
      document = { installation: installationJson(report) };
      if (!json) out(installationText(report) + (options.only === undefined ? '\n' : ''));
    }
    if (options.only === 'installation') {
      if (json) out(`${toPrintableJson(document)}\n`);
      return isFaulty ? 1 : 0;
    }
    const report = await run(options.records(resolved?.installation), cli);
    progress('');
    out(json ? toJson(document, report) : toText(report));
    const { findings } = report.after ?? report.before;
    const isClean = findings.length + report.problems.length === 0 && report.later === undefined;
    return isClean && !isFaulty ? 0 : 1;
  } catch (error) {
    progress('');
    // What was found before the error must not be lost.
    if (Object.keys(document).length > 0 && argv.includes('--json')) {
      out(`${toPrintableJson(document)}\n`);
    }
    err(`${messageOf(error)}\n`);
    return 2;
  }
}

/** Prints what `serve` answers to a URL, and why. @returns the exit code */
async function explain(
  url: string,
  { config, project }: RecordsOptions,
  json: boolean,
  { openBackend, now, out }: CliEnvironment,
): Promise<number> {
  const explained = await explainUrl(url, config, await openBackend(config, project), now());
  const { status, reason, image } = explained;
  const text = `${status}: ${reason}${image === undefined ? '' : ` (${image})`}`;
  out(
    json
      ? `${toPrintableJson({ url: explained })}\n`
      : `${toPrintable(text)}\n${status === 200 ? WORKS : ''}`,
  );
  return status === 200 ? 0 : 1;
}

/** Where else the fault may be. */
const WORKS =
  'If the URL does not work all the same: does its host send the path to the function serve (PUBLIC_BASE_URL), and has no cache an older answer?\n';

/**
 * Finds the installation.
 * @returns undefined, with a sentence on stderr, if there is none and the records can be examined without it
 * @throws ResolveError, ConfigError
 */
function resolve({ only, selection, url }: Options, { err, installation }: CliEnvironment) {
  try {
    return resolveInstallation(installation.cwd, selection, installation.packageFiles());
  } catch (error) {
    if (!isInputError(error) || error instanceof ConfigError) throw error;
    const isNeeded = only === 'installation' || selection.project === undefined;
    if (isNeeded || selection.instance !== undefined) throw error;
    if (url !== undefined) {
      if (selection.parameters === undefined)
        err(`The default parameters are used. ${error.message}\n`);
    } else if (only === undefined) err(`The installation was not checked. ${error.message}\n`);
    return undefined;
  }
}

async function run(options: RecordsOptions, cli: CliEnvironment): Promise<Report> {
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
  const fixable = before.findings.filter(
    ({ isUnknown, isManual }) => !isManual && (!isUnknown || options.unknownFolders),
  );
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
function checkParameters(
  { elsewhere, checked, shareTokens }: Examination,
  { config, fix }: RecordsOptions,
): void {
  const { count, example } = elsewhere;
  const nothingFixed = fix ? ' Nothing was fixed.' : '';
  // Reprocessing with the wrong collection would delete renditions that the tokens of the right one need.
  if (checked.images > 0 && checked.tokens === 0) {
    throw new UsageError(
      `expected token records in ${config.tokensCollection}, found none for ${checked.images} image records: ` +
        `check --params, or revoke by deleting originals.${nothingFixed}`,
    );
  }
  // The same for share tokens: with the wrong collection all of them would have no share.
  if (shareTokens > 0 && checked.shares === 0) {
    throw new UsageError(
      `expected share records in ${config.sharesCollection.text}, found none for ${shareTokens} share tokens: ` +
        `check --params, or delete their token records.${nothingFixed}`,
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
  const isInput = error instanceof UsageError || isInputError(error);
  if (isInput || error instanceof CredentialsError) return error.message;
  // The first line of Google's message may be shown: it goes to the user's terminal, about the user's project.
  const [firstLine = ''] = String((error as { message?: unknown }).message ?? error).split('\n');
  return `expected to read the project's Firestore and its bucket, found ${reasonOf(error)}: ${toPrintable(firstLine)}`;
}

/**
 * `{ installation?, checked, findings, left?, later?, problems }`: `left` only after fixing, `later` in ISO 8601.
 * @param rest what the document has besides
 */
function toJson(rest: object, { before, after, problems, later }: Report): string {
  const plain = (findings: Finding[]) => findings.map(({ kind, what, of }) => ({ kind, what, of }));
  const document = {
    ...rest,
    checked: before.checked,
    findings: plain(before.findings),
    ...(after && { left: plain(after.findings) }),
    ...(later !== undefined && { later: new Date(later).toISOString() }),
    problems,
  };
  return `${toPrintableJson(document)}\n`;
}

function toText({ before, after, problems, later }: Report): string {
  const { originals, images, tokens, shares, folders } = before.checked;
  const counts =
    `${originals} originals, ${images} image records, ${tokens} token records, ` +
    `${shares} share records, ${folders} rendition folders`;
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
