/** `storage-public-variants init`: shows, then writes what a Firebase project needs. */
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { compileRules, RulesSyntaxError } from 'firebase-rules-check';
import { analyze, type Analysis, type Exposure } from '../check-rules/exposure.js';
import { findMissing } from '../check-rules/missing.js';
import { CancelledError, type Terminal } from '../terminal.js';
import { findAnswers, type Answers } from './answers.js';
import { parseArguments, USAGE, type Arguments } from './arguments.js';
import { InitError } from './changes.js';
import { showChanges } from './diff.js';
import { functionOf } from './hosting.js';
import { packageSource, stackCommand } from './package-source.js';
import { makePlan, type Plan } from './plan.js';
import { readProject, type FirebaseProject } from './project.js';
import { readTemplates } from './templates.js';
import { writeChanges } from './write.js';

export interface InitEnvironment {
  /** Folder of the installed package. */
  packageFolder: string;
  /** Folder of the files that are written into a project. */
  templates: string;
}

/**
 * Runs the command.
 * @param argv arguments after `init`
 * @returns the exit code: see USAGE; never throws
 */
export async function init(
  argv: string[],
  terminal: Terminal,
  environment: InitEnvironment,
): Promise<number> {
  try {
    const args = parseArguments(argv);
    if (!args.help) return await run(args, terminal, environment);
    terminal.out(USAGE);
    return 0;
  } catch (error) {
    terminal.err(`${messageOf(error)}\n`);
    return 2;
  }
}

function messageOf(error: unknown): string {
  if (error instanceof InitError) return error.message;
  if (error instanceof CancelledError) return 'Cancelled; nothing was changed.';
  if (error instanceof RulesSyntaxError) return `${error.message}; nothing was changed.`;
  return `expected to read and write the files of this project, found ${(error as Error).message}`;
}

async function run(
  args: Arguments,
  terminal: Terminal,
  environment: InitEnvironment,
): Promise<number> {
  const { cwd, out, err } = terminal;
  const tarball = args.tarball === undefined ? undefined : resolve(cwd, args.tarball);
  const source = packageSource(environment.packageFolder, tarball);
  const project = readProject(cwd);
  const isInteractive = terminal.isInteractive && !args.yes;
  const answers = await findAnswers({
    project,
    args,
    ...(isInteractive && { ask: terminal.ask }),
  });
  const plan = makePlan(project, answers, readTemplates(environment.templates), source);
  const { exposures, ...checked } = checkRules(plan);
  const notes = [...plan.notes, ...[...checked.notes, ...checked.missing].map(show)];
  const { changes } = plan;
  out(changes.length === 0 ? 'Nothing to change.\n' : showChanges(changes));
  if (notes.length > 0) out(`\n${notes.map((note) => `Note: ${note}\n`).join('')}`);
  if (args.dryRun) {
    if (changes.length > 0) out('\nNothing was written: --dry-run.\n');
  } else if (changes.length > 0) {
    if (isInteractive && !(await terminal.confirm('Write these changes?'))) {
      throw new CancelledError('');
    }
    writeChanges(project.root, changes);
    out(`\n${changes.length} files changed in ${project.root}.\n`);
  }
  const mustInstall = args.dryRun || !(await install(args, plan, project, answers, terminal));
  if (exposures.length > 0) {
    err('\nThese rules open what must be private. Change them before you deploy:\n');
    for (const exposure of exposures) err(`${show(exposure)}\n`);
  }
  const stack = stackCommand(source, 'default' in project.projects, answers.projectId);
  out(nextSteps(answers, plan, { root: relative(cwd, project.root), mustInstall, stack }));
  return exposures.length > 0 ? 1 : 0;
}

/** What the merged rules open, and what a claim or a document may open. */
function checkRules({ rules, config }: Plan): Analysis & { missing: Exposure[] } {
  const now = new Date();
  const found = rules.map(({ text, file, service }) => {
    const compiled = compileRules(text, file);
    const missing = findMissing(compiled, { name: file, text }, service, config, now);
    return { ...analyze(compiled, file, service, config, now), missing };
  });
  return {
    exposures: found.flatMap(({ exposures }) => exposures),
    notes: found.flatMap(({ notes }) => notes),
    missing: found.flatMap(({ missing }) => missing),
  };
}

function show({ file, line, column, message }: Exposure): string {
  return `${file}:${line}:${column}: ${message}`;
}

/**
 * Installs the packages of the kit, from which the Firebase CLI reads the functions before each deploy, and writes
 * the lock file.
 * @returns whether the packages are installed
 */
async function install(
  { install }: Arguments,
  { changes }: Plan,
  { root }: FirebaseProject,
  { instance }: Answers,
  { run, err }: Terminal,
): Promise<boolean> {
  const folder = join(root, instance.folder);
  const isChanged = changes.some(({ path }) => path === `${instance.folder}/package.json`);
  const isInstalled = existsSync(join(folder, 'node_modules'));
  if (!isChanged && isInstalled) return true;
  if (!install) return false;
  const options = ['--no-audit', '--no-fund', '--loglevel=error'];
  const code = await run('npm', ['install', ...options], folder);
  if (code === 0) return true;
  err(`npm install failed in ${instance.folder}; run it yourself, as shown below.\n`);
  return false;
}

function nextSteps(
  { instance, hosting, projectId, isInstalled }: Answers,
  { config }: Plan,
  { root, mustInstall, stack }: { root: string; mustInstall: boolean; stack: string },
): string {
  const targets = [
    `functions:${instance.instance}`,
    'storage',
    'firestore',
    ...(hosting === undefined ? [] : [hosting.deploy]),
  ];
  const commands = [
    ...(root === '' ? [] : [`cd ${root}`]),
    ...(mustInstall ? [`npm --prefix ${instance.folder} install`] : []),
    ...(isInstalled ? [] : [`${stack}   # try it without deploying`]),
    `firebase deploy --only ${targets.join(',')} --project ${projectId}`,
  ];
  const base =
    config.publicBaseUrl ??
    `https://${config.location}-${projectId}.cloudfunctions.net/${functionOf(instance.instance)}`;
  const whole = config.variants.filter(({ fit }) => fit === 'inside');
  const { name: variant = 'w800' } = whole.at(-2) ?? whole.at(-1) ?? config.variants.at(-1) ?? {};
  return `
Left to do:
${commands.map((command) => `  ${command}\n`).join('')}
An image will have this URL: ${base}/TOKEN/${variant}
`;
}
