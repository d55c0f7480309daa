/**
 * The Firebase project that a stack runs: this repository's firebase.json with other ports, another
 * form, other parameters. It is written to a folder of the run's own, so that two runs don't meet.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import type * as Product from '../../../functions/src/api.js';
import { EMULATORS, HOST, type Ports } from './ports.js';

/** How the functions are run: as a function kit or as an instance of the extension. */
export type Form = 'kit' | 'extension';

export const REGION = 'us-central1';
/** The id of the kit's or the extension's instance. */
export const INSTANCE = 'images';

export interface StackInfo {
  projectId: string;
  bucket: string;
  /** `host:port` of each emulator. */
  auth: string;
  firestore: string;
  storage: string;
  functions: string;
  /** Cloud Tasks. */
  tasks: string;
  hosting: string;
  /** The base address of variants: `${serve}/${token}/${variant}`. */
  serve: string;
  /** The address of the demo page. */
  demo: string;
  /** The process that holds the stack. */
  pid: number;
}

interface FirebaseJson {
  storage: { rules: string };
  firestore: { rules: string; indexes: string };
  functions?: { source: string; instances: Record<string, string> }[];
  extensions?: Record<string, string>;
  hosting: { public: string; rewrites: { source: string; function: { functionId: string } }[] };
  emulators: Record<string, { port?: number; websocketPort?: number } | boolean>;
}

/** The ports that the repository's firebase.json has. */
export function configuredPorts(root: string): Ports {
  const { emulators } = readFirebaseJson(root);
  const port = (name: string, key: 'port' | 'websocketPort' = 'port'): number => {
    const entry = emulators[name];
    const found = typeof entry === 'object' ? entry[key] : undefined;
    if (found === undefined) throw new Error(`firebase.json: expected emulators.${name}.${key}`);
    return found;
  };
  const ports = Object.fromEntries(EMULATORS.map((name) => [name, port(name)]));
  return { ...ports, websocket: port('firestore', 'websocketPort') } as Ports;
}

/** Where everything of a stack can be reached. */
export function describeStack(projectId: string, form: Form, ports: Ports): StackInfo {
  const at = (port: number) => `${HOST}:${port}`;
  return {
    projectId,
    // What the emulators give to a demo project.
    bucket: `${projectId}.appspot.com`,
    auth: at(ports.auth),
    firestore: at(ports.firestore),
    storage: at(ports.storage),
    functions: at(ports.functions),
    tasks: at(ports.tasks),
    hosting: at(ports.hosting),
    serve: `http://${at(ports.functions)}/${projectId}/${REGION}/${functionName(form, 'serve')}`,
    demo: `http://${at(ports.hosting)}/`,
    pid: process.pid,
  };
}

/**
 * Writes the project.
 * @param directory below `root`; made when it isn't there
 * @param parameters the functions' parameters, beside their defaults
 */
export function writeProject(
  root: string,
  directory: string,
  options: { info: StackInfo; form: Form; ports: Ports; parameters: Record<string, string> },
): void {
  const { info, form, ports } = options;
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

  // A copy, because stack.json tells the page where the emulators of this run are.
  const built = join(root, config.hosting.public);
  if (!existsSync(built))
    throw new Error(`expected the built demo page in ${built}, found nothing`);
  cpSync(built, join(directory, 'public'), { recursive: true });
  writeJson(join(directory, 'public', 'stack.json'), info);
  config.hosting.public = 'public';
  for (const { function: target } of config.hosting.rewrites) {
    target.functionId = functionName(form, 'serve');
  }

  const known = { LOCATION: REGION, BUCKET: info.bucket };
  const parameters = { ...unset(root), ...known, ...options.parameters };
  const env = Object.entries(parameters).map(([name, value]) => `${name}=${value}\n`);
  if (form === 'extension') {
    delete config.functions;
    config.extensions = { [INSTANCE]: fromDirectory('.') };
    mkdirSync(join(directory, 'extensions'), { recursive: true });
    writeFileSync(join(directory, 'extensions', `${INSTANCE}.env`), env.join(''));
  } else {
    for (const kit of config.functions ?? []) {
      kit.source = fromDirectory(kit.source);
      kit.instances = { [INSTANCE]: 'parameters' };
    }
    mkdirSync(join(directory, 'parameters'), { recursive: true });
    writeFileSync(join(directory, 'parameters', `.env.${info.projectId}`), env.join(''));
  }
  writeJson(join(directory, 'firebase.json'), config);
}

/** Every parameter as empty text, which means its default: the CLI would ask a person for the others. */
function unset(root: string): Record<string, string> {
  const { DEFAULTS } = createRequire(__filename)(
    join(root, 'functions', 'lib', 'api.js'),
  ) as typeof Product;
  return Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, '']));
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
