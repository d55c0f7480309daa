/** A Firebase project of a user in a temporary folder, with npm, the registry and the emulators that the user has. */
// cspell:ignore cacache
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'jsonc-parser';
import { UserProject } from '../../functions/test/cli/init/user-project.js';
import { EMULATORS, findFreePorts, type Ports } from '../../tools/dev/stack/ports.js';
import { describeStack, type StackInfo } from '../../tools/dev/stack/project.js';
import type { LocalRegistry } from '../support/local-registry.js';
import { run, type Finished } from '../support/run.js';
import { ROOT } from '../support/stack.js';
import { flavorFiles, type Flavor } from './flavors.js';

/** For a slow machine. */
const START_TIMEOUT_MS = 120_000;

const USER_FUNCTION = `const { onRequest } = require('firebase-functions/https');
exports.hello = onRequest((request, response) => response.send('hello'));
`;

export class Installation {
  readonly id = `demo-install-${Math.random().toString(36).slice(2, 10)}`;
  readonly bucket = `${this.id}.appspot.com`;
  readonly project: UserProject;
  /** Arguments for `init` that this project needs. */
  readonly flags: string[];
  #npm = '';
  readonly #transcript: string[] = [];
  readonly #temporary = mkdtempSync(join(tmpdir(), 'install-'));
  #stack: RunningStack | undefined;

  private constructor(
    flavor: Flavor,
    readonly registry: LocalRegistry,
  ) {
    const { files, flags, sources } = flavorFiles(flavor, this.id, this.bucket);
    this.project = new UserProject(files);
    const options = ['--yes', '--bucket', this.bucket, '--region', 'us-central1'];
    this.flags = [...options, '--project', this.id, ...flags];
    for (const source of sources) this.#addFunctions(source);
  }

  static async create(flavor: Flavor, registry: LocalRegistry): Promise<Installation> {
    const installation = new Installation(flavor, registry);
    installation.#npm = await makeNpmCache(installation.#temporary);
    return installation;
  }

  get root(): string {
    return this.project.root;
  }

  /** Environment of the user's shell: nobody answers questions, and no Google Cloud. */
  get environment(): NodeJS.ProcessEnv {
    return { ...userEnvironment(this.#npm), npm_config_registry: this.registry.url };
  }

  /** Runs a program in the folder of the project. */
  async run(program: string, args: readonly string[], expect = 0): Promise<Finished> {
    const start = performance.now();
    const finished = await run(program, args, { cwd: this.root, env: this.environment, expect });
    const command = [program === process.execPath ? 'node' : program, ...args].join(' ');
    this.note(`$ ${command}\n${finished.out}${finished.err}`, start);
    return finished;
  }

  /** Adds to the transcript. @param start of what is noted, as by `performance.now()` */
  note(text: string, start: number): void {
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const lines = text
      .replaceAll(this.root, 'PROJECT')
      .replace(/^={9,}\n[^]+?(?=^Note: |^\d+ files changed)/m, '(the changes)\n\n')
      .trimEnd();
    this.#transcript.push(`${lines}\n(${seconds} s)\n\n`);
  }

  /** Keeps what was noted in `.local/install/NAME.txt`. */
  saveTranscript(name: string): void {
    save(name, this.#transcript.join(''));
  }

  /**
   * Runs the command line tool of the package as a user does who has not installed it.
   * @param version of the package
   * @param expect exit code
   */
  npx(version: string, args: readonly string[], expect = 0): Promise<Finished> {
    const spec = `--package=storage-public-variants@${version}`;
    return this.run('npx', ['--yes', spec, 'storage-public-variants', ...args], expect);
  }

  /** All files but those that npm makes. */
  files(): Record<string, string> {
    const files = Object.entries(this.project.snapshot());
    return Object.fromEntries(files.filter(([path]) => !path.includes('node_modules/')));
  }

  /** Starts `firebase-local-stack start` on free ports. */
  async start(command = join(ROOT, 'packages/emulators/lib/command/main.js')): Promise<StackInfo> {
    const ports = await findFreePorts();
    this.#setPorts(ports);
    const start = performance.now();
    const args = ['start', '--project', this.id];
    const options = { cwd: this.root, env: { ...this.environment, TMPDIR: this.#temporary } };
    this.#stack = new RunningStack(command, args, options);
    await this.#stack.ready;
    this.note(`$ npx firebase-local-stack ${args.join(' ')}\n${this.output}`, start);
    return { ...describeStack(this.id, 'kit', ports), bucket: this.bucket };
  }

  /** What the emulators and functions have printed. */
  get output(): string {
    return this.#stack?.output ?? '';
  }

  async stop(): Promise<void> {
    await this.#stack?.stop();
    this.#stack = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    this.project.remove();
    rmSync(this.#temporary, { recursive: true, force: true });
  }

  #addFunctions(folder: string): void {
    const manifest = {
      main: 'index.js',
      engines: { node: '22' },
      dependencies: { 'firebase-admin': '^13.10.0', 'firebase-functions': '^7.4.0' },
    };
    this.project.write(`${folder}/package.json`, JSON.stringify(manifest));
    this.project.write(`${folder}/index.js`, USER_FUNCTION);
    const modules = join(this.root, folder, 'node_modules');
    symlinkSync(join(ROOT, 'functions', 'node_modules'), modules);
  }

  /** The user's own choice of ports. */
  #setPorts(ports: Ports): void {
    const file = join(this.root, 'firebase.json');
    const names = EMULATORS.map((name) => [name, { host: '127.0.0.1', port: ports[name] }]);
    const emulators = Object.fromEntries(names) as Record<string, object>;
    Object.assign(emulators['firestore'] ?? {}, { websocketPort: ports.websocket });
    writeFileSync(
      file,
      JSON.stringify({ ...parseComments(readFileSync(file, 'utf8')), emulators }, undefined, 2),
    );
  }
}

/**
 * Makes a cache for npm, in which npx finds no package of an earlier run, but npm what it has downloaded before.
 * @param folder of the cache
 * @returns the cache
 */
export async function makeNpmCache(folder: string): Promise<string> {
  const { out } = await run('npm', ['config', 'get', 'cache'], { env: inheritedEnvironment() });
  const downloads = join(out.trim(), '_cacache');
  const cache = join(folder, 'npm');
  mkdirSync(cache);
  if (existsSync(downloads)) symlinkSync(downloads, join(cache, '_cacache'));
  return cache;
}

/** The environment of a shell in which nobody answers questions. @param cache of npm */
export function userEnvironment(cache: string): NodeJS.ProcessEnv {
  return {
    ...inheritedEnvironment(),
    npm_config_cache: cache,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    // `npm test` passes on its own value, with which npx installs nothing.
    npm_config_yes: 'true',
    CI: '1',
    METADATA_SERVER_DETECTION: 'none',
  };
}

/** The environment without what `npm test` and jest have added. */
function inheritedEnvironment(): NodeJS.ProcessEnv {
  const names =
    /^npm_(?:lifecycle|package|command|execpath|node_execpath|config_local_prefix)|^JEST|^NODE_ENV$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.test(name)));
}

class RunningStack {
  output = '';
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(command: string, args: string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
    this.#child = fork(command, args, {
      ...options,
      // Its own process group, which includes the processes of the functions.
      detached: true,
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    this.#ended = once(this.#child, 'exit');
    this.ready = new Promise((resolve, reject) => {
      const fail = (problem: string) => reject(new Error(`${problem}\n${this.output}`));
      this.#child.on('message', ({ kind }: { kind: string }) => {
        if (kind === 'ready') resolve();
      });
      void this.#ended.then(() => fail('the local stack ended'));
      AbortSignal.timeout(START_TIMEOUT_MS).addEventListener('abort', () =>
        fail(`the local stack was not ready after ${START_TIMEOUT_MS / 1000} s`),
      );
    });
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#ended;
    try {
      process.kill(-(this.#child.pid ?? 0), 'SIGKILL');
    } catch {
      // The group has no process left.
    }
  }
}

/** Keeps a text for people in `.local/install/NAME.txt`. */
export function save(name: string, text: string): void {
  const folder = join(ROOT, '.local', 'install');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.txt`), text);
}

/** Size on disk of a folder with everything in it, in MiB as `du` has it. */
export function sizeOnDisk(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return paths.reduce((bytes, path) => bytes + lstatSync(path).blocks * 512, 0) / 2 ** 20;
}

/** Parses a firebase.json, in which the Firebase CLI allows comments. */
export function parseComments(text: string): Record<string, unknown> {
  return parse(text) as Record<string, unknown>;
}

/** Reads a JSON file of the project. */
export function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), 'utf8')) as T;
}

/** Tarballs of this repository by name of the package, made by `npm run pack`. */
export async function pack(): Promise<string[]> {
  const { out } = await run(process.execPath, [join(ROOT, 'tools/pack.mjs')], { cwd: ROOT });
  return out
    .trim()
    .split('\n')
    .map((path) => join(ROOT, path));
}

/**
 * Makes a tarball of a later version.
 * @param change edits the unpacked package
 */
export async function repack(
  tarball: string,
  version: string,
  change: (folder: string) => void,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'repack-'));
  await run('tar', ['-xzf', tarball, '-C', folder]);
  const manifest = join(folder, 'package', 'package.json');
  writeFileSync(manifest, JSON.stringify({ ...readJson<object>(manifest), version }, undefined, 2));
  change(join(folder, 'package'));
  const { name } = readJson<{ name: string }>(manifest);
  const file = join(folder, `${name}-${version}.tgz`);
  await run('tar', ['-czf', file, '-C', folder, 'package']);
  return file;
}

/** Removes what `repack` made. */
export function removeRepacked(file: string): void {
  rmSync(dirname(file), { recursive: true, force: true });
}
