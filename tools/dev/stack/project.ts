/**
 * Writes the Firebase project that a stack runs: this repository's firebase.json with the ports, form
 * and parameters of the run. Each run has its own folder, so that two runs do not interfere.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import type * as Product from '../../../functions/src/api.js';
import { EMULATORS, HOST, type Ports } from './ports.js';

/** The form of the functions: a function kit or an instance of the extension. */
export type Form = 'kit' | 'extension';

export const REGION = 'us-central1';
/** The ID of the kit's or the extension's instance. */
export const INSTANCE = 'images';

export interface StackInfo {
  projectId: string;
  bucket: string;
  /** `host:port` of each emulator. */
  auth: string;
  firestore: string;
  storage: string;
  functions: string;
  /** The Cloud Tasks emulator. */
  tasks: string;
  hosting: string;
  /** The base URL of variants: `${serve}/${token}/${variant}`. */
  serve: string;
  /** The URL of the demo page. */
  demo: string;
  /** The ID of the process that started the stack. */
  pid: number;
}

interface FirebaseJson {
  storage: { rules: string };
  firestore: { rules: string; indexes: string };
  functions?: {
    source: string;
    codebase?: string;
    /** Of a kit. */
    instances?: Record<string, string>;
    configDir?: string;
    runtime?: string;
  }[];
  extensions?: Record<string, string>;
  hosting: { public: string; rewrites: { source: string; function: { functionId: string } }[] };
  emulators: Record<string, { port?: number; websocketPort?: number } | boolean>;
}

/** The ports in the repository's firebase.json. */
export function configuredPorts(root: string): Ports {
  const { emulators } = readFirebaseJson(root);
  const port = (name: string, key: 'port' | 'websocketPort' = 'port'): number => {
    const entry = emulators[name];
    const value = typeof entry === 'object' ? entry[key] : undefined;
    if (value === undefined) throw new Error(`firebase.json: expected emulators.${name}.${key}`);
    return value;
  };
  const ports = Object.fromEntries(EMULATORS.map((name) => [name, port(name)]));
  return { ...ports, websocket: port('firestore', 'websocketPort') } as Ports;
}

/** The addresses and URLs of a stack. */
export function describeStack(projectId: string, form: Form, ports: Ports): StackInfo {
  const addressOf = (port: number) => `${HOST}:${port}`;
  return {
    projectId,
    // The default bucket that the emulators assign to a demo project.
    bucket: `${projectId}.appspot.com`,
    auth: addressOf(ports.auth),
    firestore: addressOf(ports.firestore),
    storage: addressOf(ports.storage),
    functions: addressOf(ports.functions),
    tasks: addressOf(ports.tasks),
    hosting: addressOf(ports.hosting),
    serve: `http://${addressOf(ports.functions)}/${projectId}/${REGION}/${functionName(form, 'serve')}`,
    demo: `http://${addressOf(ports.hosting)}/`,
    pid: process.pid,
  };
}

/**
 * Writes the project.
 * @param directory below `root`; created if it does not exist
 * @param options.parameters values of the functions' parameters that differ from the defaults
 * @param options.sealingKeys value of the secret SEALING_KEYS, or nothing
 * @param options.functions a folder of functions that run instead of this project's, with `parameters` as they are
 * @param options.listener a folder of functions that run beside this project's
 */
export function writeProject(
  root: string,
  directory: string,
  options: {
    info: StackInfo;
    form: Form;
    ports: Ports;
    parameters: Record<string, string>;
    sealingKeys: string;
    functions?: string;
    listener?: string;
  },
): void {
  const { info, form, ports, sealingKeys, functions, listener } = options;
  const config = readFirebaseJson(root);
  mkdirSync(directory, { recursive: true });
  const fromDirectory = (path: string) => relative(directory, join(root, path));

  config.storage.rules = join(root, config.storage.rules);
  config.firestore.rules = join(root, config.firestore.rules);
  config.firestore.indexes = join(root, config.firestore.indexes);
  for (const name of EMULATORS) {
    config.emulators[name] = { ...(config.emulators[name] as object), port: ports[name] };
  }
  Object.assign(config.emulators['firestore'] as object, { websocketPort: ports.websocket });

  // A copy, because its stack.json holds the addresses of this run's emulators.
  const demoPage = join(root, config.hosting.public);
  if (!existsSync(demoPage))
    throw new Error(`expected the built demo page in ${demoPage}, found nothing`);
  cpSync(demoPage, join(directory, 'public'), { recursive: true });
  config.hosting.public = 'public';
  for (const { function: target } of config.hosting.rewrites) {
    target.functionId = functionName(form, 'serve');
  }

  const required = { LOCATION: REGION, BUCKET: info.bucket };
  const parameters =
    functions === undefined
      ? { ...emptyParameters(root), ...required, ...options.parameters }
      : options.parameters;
  const bound = parameters['REVOCATION_SECONDS'] || defaultsOf(root).REVOCATION_SECONDS;
  writeJson(demoFile(directory), { ...info, revocationSeconds: Number(bound) });
  const env = Object.entries(parameters).map(([name, value]) => `${name}=${value}\n`);
  if (form === 'extension') {
    delete config.functions;
    config.extensions = { [INSTANCE]: fromDirectory('.') };
    mkdirSync(join(directory, 'extensions'), { recursive: true });
    if (sealingKeys !== '') {
      // What the Extensions service has: the resource of the secret. The emulator reads its value from the other file.
      const secret = `projects/${info.projectId}/secrets/SEALING_KEYS/versions/1`;
      env.push(`SEALING_KEYS=${secret}\n`);
      writeSecret(join(directory, 'extensions', `${INSTANCE}.secret.local`), sealingKeys);
    }
    writeFileSync(join(directory, 'extensions', `${INSTANCE}.env`), env.join(''));
  } else {
    if (functions !== undefined) {
      const source = relative(directory, functions);
      config.functions = [{ source, configDir: 'parameters', runtime: 'nodejs22' }];
    }
    for (const kit of config.functions ?? []) {
      if (kit.instances === undefined) continue;
      kit.source = fromDirectory(kit.source);
      kit.instances = { [INSTANCE]: 'parameters' };
    }
    mkdirSync(join(directory, 'parameters'), { recursive: true });
    // The emulator reads secrets of a kit from the folder of its source, which all stacks share.
    if (sealingKeys !== '') env.push(`SEALING_KEYS=${sealingKeys}\n`);
    writeFileSync(join(directory, 'parameters', `.env.${info.projectId}`), env.join(''));
  }
  if (listener !== undefined) {
    const source = relative(directory, listener);
    const codebase = { source, codebase: 'listener', runtime: 'nodejs22' };
    config.functions = [...(config.functions ?? []), codebase];
  }
  writeJson(join(directory, 'firebase.json'), config);
}

function writeSecret(file: string, value: string): void {
  writeFileSync(file, `SEALING_KEYS=${value}\n`, { mode: 0o600 });
}

/** What the demo page reads of the stack: addresses, the revocation bound and, once there is one, a sample photo. */
function demoFile(directory: string): string {
  return join(directory, 'public', 'stack.json');
}

/** A photo that every visitor of the demo page sees. */
export interface Sample {
  token: string;
  /** The original at Cloud Storage, without a download token. */
  objectUrl: string;
  /** Of the original. */
  bytes: number;
  /** Pixels, of the original. */
  width: number;
  height: number;
}

/** Adds a sample photo to the demo page of a project that `writeProject` has written. */
export function writeSample(directory: string, sample: Sample): void {
  const content = JSON.parse(readFileSync(demoFile(directory), 'utf8')) as object;
  writeJson(demoFile(directory), { ...content, sample });
}

function defaultsOf(root: string): typeof Product.DEFAULTS {
  const { DEFAULTS } = createRequire(__filename)(
    join(root, 'functions', 'lib', 'api.js'),
  ) as typeof Product;
  return DEFAULTS;
}

/** Every parameter with an empty value, which selects its default: the CLI prompts for missing ones. */
function emptyParameters(root: string): Record<string, string> {
  return Object.fromEntries(Object.keys(defaultsOf(root)).map((name) => [name, '']));
}

function functionName(form: Form, name: string): string {
  return `${form === 'kit' ? 'kit' : 'ext'}-${INSTANCE}-${name}`;
}

function readFirebaseJson(root: string): FirebaseJson {
  return JSON.parse(readFileSync(join(root, 'firebase.json'), 'utf8')) as FirebaseJson;
}

export function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}
