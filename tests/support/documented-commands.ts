/**
 * How each command in the documentation is checked. `RUN` is executed as written by
 * tests/integration/documented-commands.test.ts, `RUN_IN_PROJECT` by tests/install. Of the others, which are slow, are run elsewhere or need
 * an account, tests/documented-commands.test.ts checks that the script exists and that the program's
 * help text has every option.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './documentation.js';

/** Executed as written, in this order. `PATH/TO` is replaced by the repository. */
export const RUN = [
  'npm run pack',
  'npm run pack -- --extension',
  'npm run --silent rules -- storage.rules tests/rules/storage.cases.json',
  'npm run rules -- --help',
  'node functions/lib/cli/main.js doctor --help',
  'npm run docs:api',
];

const FROM_TARBALL =
  'npx --yes --package PATH/TO/.local/packages/storage-public-variants-0.1.0.tgz storage-public-variants';

/** Executed as written by tests/install/matrix/documented-commands.test.ts, in this order, in the project of a user. */
export const RUN_IN_PROJECT = [
  `${FROM_TARBALL} init --yes --project my-app --bucket my-app.firebasestorage.app --region us-central1`,
  `${FROM_TARBALL} init`,
  `${FROM_TARBALL} init --dry-run`,
  `${FROM_TARBALL} init --yes`,
  'npx --prefix function-kits/images storage-public-variants check-rules',
  'npx --prefix function-kits/images storage-public-variants check-rules --help',
  'npx --prefix function-kits/images storage-public-variants edge-key',
  'mkdir -p function-kits/storage-public-variants',
  'tar -xzf PATH/TO/.local/packages/storage-public-variants-0.1.0.tgz --strip-components=1 -C function-kits/storage-public-variants',
];

/** Pages whose `sh` blocks are one script, which tests/integration/rest-guide.test.ts executes as written. */
export const SCRIPTS: readonly string[] = ['docs/guides/rest.md'];

/** A page whose `sh` blocks tests/install/matrix/start-guide.test.ts executes as written, in an empty folder. */
export const START_GUIDE = 'docs/start.md';

/** Executed there at last; runs until it is interrupted. */
export const START =
  'npx --yes --package PATH/TO/.local/packages/firebase-rules-check-0.1.0.tgz ' +
  '--package PATH/TO/.local/packages/firebase-local-stack-0.1.0.tgz firebase-local-stack start';

/** npm scripts that are not executed as written, and why. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  start: 'tests/integration/command.test.ts and command-options.test.ts run tools/start.mjs',
  'start:official': 'needs Java 21',
  test: 'is what runs these tests',
  'test:official': 'needs Java 21',
  'test:reference': 'tests/reference.test.ts runs its tables; the rest are unit tests',
  'test:mutate': '.ci/run runs it',
  lint: '.ci/run runs it',
  'lint:commits': 'tools/commits.test.ts runs it; it needs Git history',
  typecheck: '.ci/run runs it',
  format: 'changes files',
  docs: 'writes what tests compare',
  coverage: 'takes minutes; it is jest with one more option',
  build: 'is part of every other command',
  pack: 'tests/package.test.ts runs it with its options',
  release: 'tools/release.test.ts runs it in a repository of its own',
  bench: 'takes minutes',
  doctor: 'tests/integration/doctor.test.ts runs the command behind it',
  rules: 'packages/security-rules/src/tool/main.test.ts runs it with all kinds of arguments',
};

/** The source whose USAGE is the help text of a script's options. */
const USAGES: Readonly<Record<string, string>> = {
  start: 'tools/dev/start/arguments.ts',
  bench: 'bench/main.ts',
  'test:reference': 'tools/dev/reference/main.ts',
  rules: 'packages/security-rules/src/tool/main.ts',
  doctor: 'functions/src/cli/doctor/options.ts',
  pack: 'tools/pack.mjs',
  release: 'tools/release.mjs',
  'lint:commits': 'tools/commits.mjs',
};

/** The source with the USAGE of each command of the package. */
const CLI: Readonly<Record<string, string>> = {
  init: 'functions/src/cli/init/arguments.ts',
  'check-rules': 'functions/src/cli/check-rules/command.ts',
  doctor: 'functions/src/cli/doctor/options.ts',
  'edge-key': 'functions/src/cli/edge-key/command.ts',
  migrate: 'functions/src/cli/migrate/options.ts',
  cost: 'functions/src/cli/cost/command.ts',
  'seal-key': 'functions/src/cli/seal-key/command.ts',
};

/** @returns what is wrong with a command, or undefined */
export function problemOf(command: string): string | undefined {
  const piped = command.split(' | ');
  if (piped.length > 1) return piped.map(problemOf).find((problem) => problem !== undefined);
  const [program = '', ...words] = command.split(/\s+/);
  switch (program) {
    case 'npm':
      return problemOfNpm(words);
    case 'npx':
      return problemOfNpx(words);
    case 'node':
      return problemOfNode(words);
    case 'sh':
      return problemOfScript(words);
    case 'firebase':
      return missingIn(firebaseHelp(words[0] ?? ''), optionsIn(words));
    case 'gcloud':
      return problemOfGcloud(words);
    case 'curl':
      return missingIn(helpOf('curl', ['--help', 'all']), optionsIn(words));
    case 'git':
      return missingIn(helpOf('git', [words[0] ?? '', '-h']), optionsIn(words));
    default:
      return [...RUN, ...RUN_IN_PROJECT].includes(command)
        ? undefined
        : `no check knows the program "${program}"`;
  }
}

/** Whether a command works only with an account, so that its page must say so. A synopsis is not run. */
export function needsAccount(command: string): boolean {
  if (command.includes('[--')) return false;
  if (command.includes(' | ')) return command.split(' | ').some(needsAccount);
  return /^(?:firebase (?!emulators:)|gcloud |curl |sh \S+\/monitoring\/install[.]sh |npm publish|git push|npx (?:--prefix \S+ )?storage-public-variants (?:doctor|migrate)(?! --help)|npx wrangler )/.test(
    command,
  );
}

/**
 * Options of the commands of gcloud, which no npm package contains.
 * @see https://cloud.google.com/sdk/gcloud/reference
 */
const GCLOUD: Readonly<Record<string, readonly string[]>> = {
  'auth application-default login': [],
  'iam service-accounts create': ['--project'],
  'projects add-iam-policy-binding': ['--member', '--role', '--condition'],
  'storage buckets create': [
    '--project',
    '--location',
    '--uniform-bucket-level-access',
    '--public-access-prevention',
  ],
  'storage buckets add-iam-policy-binding': ['--member', '--role'],
  'storage service-agent': ['--project'],
  'compute network-endpoint-groups create': [
    '--project',
    '--region',
    '--network-endpoint-type',
    '--cloud-run-service',
  ],
  'compute backend-services create': [
    '--project',
    '--global',
    '--load-balancing-scheme',
    '--enable-cdn',
    '--cache-mode',
    '--serve-while-stale',
    '--no-negative-caching',
  ],
  'compute backend-services add-backend': [
    '--project',
    '--global',
    '--network-endpoint-group',
    '--network-endpoint-group-region',
  ],
  'projects describe': ['--format'],
  'run services add-iam-policy-binding': ['--region', '--project', '--member', '--role'],
  'eventarc triggers list': ['--project', '--location'],
  'functions logs read': ['--region', '--project'],
  'secrets create': ['--data-file', '--project'],
  'secrets versions access': ['--secret', '--project'],
  'secrets versions add': ['--data-file', '--project'],
  'storage buckets update': ['--soft-delete-duration'],
  'storage restore': [],
  'firestore fields ttls update': ['--collection-group', '--enable-ttl', '--project'],
};

/** A script of the package, where a project has installed it. */
function problemOfScript([path = '']: string[]): string | undefined {
  const file = path.split('node_modules/storage-public-variants/')[1];
  const exists = file !== undefined && existsSync(join(ROOT, 'functions', file));
  return exists ? undefined : `the package has no script "${path}"`;
}

function problemOfGcloud(words: string[]): string | undefined {
  const text = words.join(' ');
  const command = Object.keys(GCLOUD).find((name) => `${text} `.startsWith(`${name} `));
  if (command === undefined) return `no check knows "gcloud ${text}"`;
  return missingIn(GCLOUD[command]?.join(' ') ?? '', optionsIn(words));
}

function problemOfNpm(words: string[]): string | undefined {
  const [subcommand = '', ...rest] = words.filter((word) => word !== '--silent');
  const isScript = ['run', 'start', 'test'].includes(subcommand);
  if (!isScript) return missingIn(helpOf('npm', [subcommand, '--help']), optionsIn(rest));
  const script = subcommand === 'run' ? (rest.shift() ?? '') : subcommand;
  const { scripts } = readJson('package.json') as { scripts: Record<string, string> };
  const line = scripts[script];
  if (line === undefined) return `package.json has no script "${script}"`;
  const file = /^node (\S+)/.exec(line)?.[1];
  if (file !== undefined && !existsSync(join(ROOT, file))) return `${file} does not exist`;
  if (rest.length === 0) return undefined;
  if (rest.shift() !== '--') return 'arguments of a script must follow "--"';
  if (script === 'coverage') return problemOfNpx(['jest', ...rest]);
  const usage = USAGES[script];
  const help = usage === undefined ? readText(file ?? '') : usageIn(usage);
  // The help has subcommands in its examples (`-- serve`), a script without one in quotes ('unit').
  const named = ['bench', 'test'].includes(script) ? rest.slice(0, 1) : [];
  const missing = named.find((word) => !new RegExp(`(?:-- |')${word}\\b`).test(help));
  return missing === undefined
    ? missingIn(help, optionsIn(rest))
    : `the help of "${script}" has no "${missing}"`;
}

function problemOfNpx(words: string[]): string | undefined {
  if (words[0] === '--yes') return problemOfNpx(words.slice(1));
  // `--package TARBALL`, or `--prefix FOLDER` where the package is installed; tests/install runs both.
  if (words[0] === '--package' || words[0] === '--prefix') return problemOfNpx(words.slice(2));
  return problemOfProgram(words);
}

function problemOfProgram([name = '', ...words]: string[]): string | undefined {
  if (name in binsOf('functions')) return problemOfCli(words);
  if (name in binsOf('packages/emulators')) {
    const usage = usageIn('packages/emulators/src/command/arguments.ts');
    const [subcommand = ''] = words;
    if (subcommand === '--help') return undefined;
    if (!usage.includes(`${name} ${subcommand}`)) return `${name} has no "${subcommand}"`;
    return missingIn(usage, optionsIn(words));
  }
  if (name in binsOf('packages/security-rules')) {
    return missingIn(usageIn(USAGES['rules'] ?? ''), optionsIn(words));
  }
  if (name === 'wrangler') return problemOfWrangler(words);
  const { devDependencies } = readJson('package.json') as { devDependencies: object };
  if (!(name in devDependencies)) return `package.json has no devDependency "${name}"`;
  return missingIn(helpOf('npx', ['--no-install', name, '--help']), optionsIn(words));
}

/** The commands that a package installs. */
function binsOf(folder: string): Record<string, string> {
  const { bin = {} } = readJson(`${folder}/package.json`) as { bin?: Record<string, string> };
  return bin;
}

function problemOfNode([script = '', ...words]: string[]): string | undefined {
  const source = script.replace('/lib/', '/src/').replace(/\.js$/, '.ts');
  if (!existsSync(join(ROOT, source))) return `${source} does not exist`;
  return source.startsWith('functions/src/cli/') ? problemOfCli(words) : undefined;
}

function problemOfCli([subcommand, ...words]: string[]): string | undefined {
  if (subcommand === undefined) return undefined;
  const source = CLI[subcommand];
  if (source === undefined) return `the command line tool has no "${subcommand}"`;
  return missingIn(usageIn(source), optionsIn(words));
}

/** `--name` of each option; values and placeholders are left out. */
function optionsIn(words: string[]): string[] {
  const options = words.flatMap((word) => /^\[?(--?[A-Za-z][\w-]*)/.exec(word)?.[1] ?? []);
  // Every program here has it; not every help text names it.
  return options.filter((option) => option !== '--help');
}

function missingIn(help: string, options: string[]): string | undefined {
  const missing = options.find(
    (option) => !new RegExp(`(?<![\\w-])${option}(?![\\w-])`).test(help),
  );
  return missing === undefined ? undefined : `the help text has no ${missing}`;
}

/** The text of `const USAGE` in a source file. */
function usageIn(file: string): string {
  const usage = /\bUSAGE = `([^`]*)`/.exec(readText(file))?.[1];
  if (usage === undefined) throw new Error(`expected USAGE in ${file}, found none`);
  return usage;
}

const helpTexts = new Map<string, string>();

/** What a program prints for its help option. */
function helpOf(program: string, args: string[], environment: Record<string, string> = {}): string {
  const key = [program, ...args].join(' ');
  let help = helpTexts.get(key);
  if (help === undefined) {
    const env = { ...process.env, ...environment };
    const { stdout, stderr } = spawnSync(program, args, { cwd: ROOT, encoding: 'utf8', env });
    help = stdout + stderr;
    helpTexts.set(key, help);
  }
  return help;
}

function firebaseHelp(subcommand: string): string {
  const script = join(ROOT, 'node_modules', 'firebase-tools', 'lib', 'bin', 'firebase.js');
  const environment = { CI: '1', FIREBASE_CLI_EXPERIMENTS: 'kits' };
  const global = helpOf(process.execPath, [script, '--help'], environment);
  const own = helpOf(process.execPath, [script, subcommand, '--help'], environment);
  if (!own.includes(`firebase ${subcommand}`)) throw new Error(`firebase has no "${subcommand}"`);
  return global + own;
}

function readText(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

function readJson(file: string): unknown {
  return JSON.parse(readText(file));
}

/** The workspace does not install wrangler, which needs Node.js 22: its subcommands that the guides use. */
const WRANGLER = ['login', 'deploy', 'secret put'];

function problemOfWrangler(words: string[]): string | undefined {
  const command = words.join(' ');
  if (!WRANGLER.some((known) => command.startsWith(known))) return `no check knows "${command}"`;
  const [, config] = /--config (\S+)/.exec(command) ?? [];
  return config === undefined || existsSync(join(ROOT, config)) ? undefined : `no file ${config}`;
}
