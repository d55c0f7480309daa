/** `storage-public-variants migrate`: moves images of storage-resize-images to this installation. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../../config/config.js';
import { reasonOf } from '../../errors.js';
import type { Objects, Records } from '../../gcp/backend.js';
import type { Migration } from '../../gcp/migration.js';
import {
  isInputError,
  resolveInstallation,
  type PackageFiles,
} from '../doctor/installation/resolve.js';
import {
  checkEmulators,
  configOf,
  readParameterFile,
  UsageError,
  usesEmulators,
} from '../doctor/parameter-file.js';
import { toPrintable } from '../doctor/printable.js';
import { progressBar, type Terminal } from '../terminal.js';
import { MigrateError } from './error.js';
import { findExtension } from './extension-file.js';
import { NO_PARAMETERS, type ExtensionParameters } from './extension.js';
import { checkRetention, finish, plannedRemovals, undo, UNDO } from './finish.js';
import { appendLines, openJournal, readLines, type Journal } from './journal.js';
import { EMPTY_MAPPING, parseMapping } from './mapping.js';
import { parseOptions, USAGE, type Options } from './options.js';
import { estimate, findTraps, planText } from './plan.js';
import { run } from './run.js';
import { REASONS, survey, type Exception, type Survey } from './survey.js';
import { verify } from './verify.js';

/** What is read of the new installation. */
export interface NewImages {
  records: Pick<Records, 'findImage'>;
  objects: Pick<Objects, 'readRendition'>;
}

/** What the command needs from its process; replaced in tests. */
export interface MigrateEnvironment extends Pick<Terminal, 'env' | 'cwd' | 'out' | 'err'> {
  packageFiles: () => PackageFiles;
  openBackend: (config: Config, project: string) => Promise<NewImages>;
  openMigration: (project: string) => Promise<Migration>;
  /** SSIM of two image files. */
  compare: (expected: Buffer, actual: Buffer) => Promise<number>;
  /** Milliseconds since 1970. */
  now: () => number;
  wait: (ms: number) => Promise<void>;
  /** Shows a progress line, which replaces the previous one; an empty line clears it. */
  progress: (line: string) => void;
}

/**
 * Runs the command.
 * @param argv arguments after `migrate`
 * @returns the exit code: see USAGE; never throws
 */
export async function migrate(argv: string[], cli: MigrateEnvironment): Promise<number> {
  try {
    const options = parseOptions(argv);
    if (options.help) {
      cli.out(USAGE);
      return 0;
    }
    const session = await openSession(options, cli);
    return await ACTIONS[options.action](session);
  } catch (error) {
    cli.progress('');
    cli.err(`${messageOf(error)}\n`);
    return 2;
  }
}

/** Everything that the actions use. */
interface Session {
  options: Options;
  cli: MigrateEnvironment;
  project: string;
  config: Config;
  extension: ExtensionParameters | undefined;
  migration: Migration;
  backend: NewImages;
  undoFile: string;
  /** Opened on first use: `plan` writes none. */
  openJournal: () => Journal;
  survey: () => Promise<Survey>;
}

/** @throws MigrateError, UsageError, ResolveError, ConfigError */
async function openSession(options: Options, cli: MigrateEnvironment): Promise<Session> {
  const { cwd } = cli;
  const { project, config } = targetOf(options, cli);
  const extension = findExtension(cwd, options.extension, project);
  const mapFile = options.map;
  const mapping =
    mapFile === undefined ? EMPTY_MAPPING : parseMapping(readFile(cwd, mapFile), mapFile);
  const backend = await cli.openBackend(config, project);
  const migration = await cli.openMigration(project);
  const parameters = extension ?? NO_PARAMETERS;
  const scope = {
    project,
    from: `gs://${parameters.bucket ?? config.bucket}/${mapping.prefix}`,
    to: `gs://${config.bucket}/${config.originalsPath.text}`,
  };
  const journalFile = resolve(cwd, options.journal ?? `migrate-${project}.jsonl`);
  return {
    ...{ options, cli, project, config, extension, migration, backend },
    undoFile: resolve(cwd, options.undo ?? `migrate-${project}-undo.jsonl`),
    openJournal: () => openJournal(journalFile, scope),
    async survey() {
      const found = await survey({
        ...{ migration, config, mapping, extension: parameters },
        onProgress: (what, count) => cli.progress(`reading: ${count} ${what}`),
      });
      cli.progress('');
      return found;
    },
  };
}

/** The new installation: from the user's project, or with emulators from the options alone. */
function targetOf(
  { project, instance, bucket, params }: Options,
  { env, cwd, packageFiles }: MigrateEnvironment,
): { project: string; config: Config } {
  checkEmulators(env, project);
  const parameters = params === undefined ? undefined : readParameterFile(resolve(cwd, params));
  if (usesEmulators(env)) {
    const id = project ?? '';
    return { project: id, config: configOf(parameters ?? {}, bucket, id) };
  }
  const selection = {
    ...(project !== undefined && { project }),
    ...(instance !== undefined && { instance }),
    ...(bucket !== undefined && { bucket }),
    ...(parameters !== undefined && { parameters }),
  };
  const { projectId, config } = resolveInstallation(cwd, selection, packageFiles()).installation;
  return { project: projectId, config };
}

const ACTIONS = {
  plan: planAction,
  run: runAction,
  verify: verifyAction,
  finish: finishAction,
  undo: undoAction,
};

async function planAction(session: Session): Promise<number> {
  const { cli, options, config, extension } = session;
  const found = await session.survey();
  const { blocking, warnings } = findTraps(found, config, extension);
  const lines = planText(found, estimate(found, config, options.concurrency), config);
  cli.out(`${lines.join('\n')}\n`);
  printExceptions(found.exceptions, session);
  for (const text of options.extensionOff ? [] : blocking) cli.out(`\nMust be changed: ${text}\n`);
  for (const text of warnings) cli.out(`\nWarning: ${toPrintable(text)}\n`);
  if (blocking.length === 0 || options.extensionOff) cli.out('\nNothing was changed.\n');
  return 0;
}

async function runAction(session: Session): Promise<number> {
  const { cli, options, config, extension, migration, backend } = session;
  const found = await session.survey();
  const { blocking } = findTraps(found, config, extension);
  if (blocking[0] !== undefined && !options.extensionOff) throw new MigrateError(blocking[0]);
  const journal = session.openJournal();
  const { runs } = journal;
  journal.append({ kind: 'run', at: new Date(cli.now()).toISOString() });
  const already = found.images.filter(({ object }) => journal.done.has(object.name)).length;
  if (runs > 0) cli.out(`Resuming: ${already} of ${found.images.length} images are done.\n`);
  const started = cli.now();
  const { counts, problems } = await run(found, options, {
    ...{ migration, journal, bucket: config.bucket, now: cli.now, wait: cli.wait },
    findImage: (owner) => backend.records.findImage(owner),
    onProgress(done, total, { before, failed }) {
      const seconds = Math.max(0.001, (cli.now() - started) / 1000);
      const rate = (done - before) / seconds;
      const left = rate === 0 ? '' : `, ${Math.ceil((total - done) / rate)} s left`;
      const failures = failed === 0 ? '' : `, ${failed} failed`;
      cli.progress(`${progressBar(done, total)} images, ${rate.toFixed(1)}/s${left}${failures}`);
    },
  });
  cli.progress('');
  const { before, copied, ready, failed, held, waiting, tokens } = counts;
  cli.out(
    `${found.images.length} images: ${before} done before, ${ready} ready now, ${failed} failed, ${held > 0 ? `${held} held, ` : ''}${waiting} not ready yet; ` +
      `${copied} copied, ${tokens} tokens written to documents.\n`,
  );
  printExceptions(found.exceptions, session);
  printList('Needs a look', problems, session);
  return problems.length > 0 ? 1 : 0;
}

async function verifyAction(session: Session): Promise<number> {
  const { cli, options, config, migration, backend } = session;
  const report = await verify(await session.survey(), options.samples, {
    ...{ migration, bucket: config.bucket, compare: cli.compare },
    findImage: (owner) => backend.records.findImage(owner),
    readRendition: (name) => backend.objects.readRendition(name),
    onProgress: (done, total) => cli.progress(`${progressBar(done, total)} images`),
  });
  cli.progress('');
  const { count, least } = report.samples;
  const compared =
    count === 0 ? '' : `; ${count} pictures compared, SSIM at least ${least.toFixed(3)}`;
  const replaced = report.replaced === 0 ? '' : `, ${report.replaced} replaced by their owners`;
  cli.out(`${report.ready} of ${report.images} images are ready${replaced}${compared}.\n`);
  printList('Exceptions', report.exceptions, session);
  return report.exceptions.length > 0 ? 1 : 0;
}

async function finishAction(session: Session): Promise<number> {
  const { cli, options, config, migration, backend, undoFile } = session;
  const found = await session.survey();
  const { parts } = options;
  if (!options.irreversible) await checkRetention(found, parts, migration);
  if (!options.yes) {
    const { tokens, objects, fields } = plannedRemovals(found, parts);
    cli.out(
      `finish would remove ${tokens} download tokens, ${objects} objects and ${fields} fields of images that are ready. ` +
        'Nothing was changed: add --yes.\n',
    );
    return 1;
  }
  const report = await finish(found, parts, {
    ...{ migration, bucket: config.bucket, journal: session.openJournal() },
    findImage: (owner) => backend.records.findImage(owner),
    writeUndo: (lines) => appendLines(undoFile, lines, true),
    onProgress: (done, total) => cli.progress(`${progressBar(done, total)} images`),
  });
  cli.progress('');
  cli.out(
    `Removed ${report.tokens} download tokens, ${report.objects} objects and ${report.fields} fields. ` +
      `To restore tokens and fields: storage-public-variants migrate undo --undo ${undoFile}\n`,
  );
  printList('Kept, because the new image is not ready', report.kept, session);
  printList('Not removed', report.changed, session);
  return report.kept.length + report.changed.length > 0 ? 1 : 0;
}

async function undoAction(session: Session): Promise<number> {
  const { cli, migration, undoFile } = session;
  if (!existsSync(undoFile)) {
    throw new MigrateError(`--undo: expected the undo file of finish at ${undoFile}, found none`);
  }
  const report = await undo(readLines(undoFile, UNDO), migration);
  cli.out(`Restored ${report.tokens} download tokens and ${report.fields} fields.\n`);
  // No commands with these names: an uploader chooses them, and a shell would run what they contain.
  const deleted = report.objects.map(({ bucket, name, generation }) => ({
    of: `gs://${bucket}/${name}#${generation}`,
  }));
  printList('Deleted objects, which "gcloud storage restore" restores', deleted, session);
  printList('Not restored', report.changed, session);
  return report.changed.length > 0 ? 1 : 0;
}

/** Counts by reason, with examples. */
function printExceptions(exceptions: readonly Exception[], session: Session): void {
  for (const [reason, title] of Object.entries(REASONS)) {
    const list = exceptions.filter((one) => one.reason === reason);
    printList(`Skipped: ${title}`, list, session);
  }
}

function printList(
  title: string,
  entries: readonly { of: string; what?: string }[],
  { cli, options }: Session,
): void {
  if (entries.length === 0) return;
  const lines = entries
    .slice(0, options.list)
    .map(({ of, what }) => `  ${toPrintable(what === undefined ? of : `${of}: ${what}`)}\n`);
  const more = entries.length - lines.length;
  cli.out(
    `\n${title} (${entries.length}):\n${lines.join('')}${more > 0 ? `  and ${more} more\n` : ''}`,
  );
}

function readFile(cwd: string, file: string): string {
  try {
    return readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    const { code = 'an error' } = error as { code?: string };
    throw new MigrateError(`expected a readable file at ${file}, found ${code}`);
  }
}

function messageOf(error: unknown): string {
  const isInput = error instanceof MigrateError || error instanceof UsageError;
  if (isInput || isInputError(error)) return error.message;
  // The first line of Google's message may be shown: it goes to the user's terminal, about the user's project.
  const [firstLine = ''] = String((error as { message?: unknown }).message ?? error).split('\n');
  return `expected to read and write the project's Firestore and its buckets, found ${reasonOf(error)}: ${toPrintable(firstLine)}`;
}
