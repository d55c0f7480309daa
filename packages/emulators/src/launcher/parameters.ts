/** Resolves the parameters of functions without prompts. */
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { loadModule, prototypeOf, replace } from './patch.js';

/** What the code of functions declares with `defineString` and so on. */
export interface Parameter {
  name: string;
  type: 'string' | 'int' | 'boolean' | 'list' | 'secret';
  default?: string | number | boolean | string[];
}

/** The argument of `resolveParams`. */
interface ResolveOptions {
  params: Parameter[];
  /** What the .env files set. */
  userEnvs: Record<string, unknown>;
  firebaseConfig: { projectId: string; storageBucket?: string; databaseURL?: string };
  codebase: string;
  isEmulator?: boolean;
}

type ParamValueClass = new (
  rawValue: string,
  internal: boolean,
  types: Record<'string' | 'boolean' | 'number' | 'list', boolean>,
) => unknown;

/** A folder of functions. */
interface Backend {
  functionsDir: string;
  /** Of a kit. */
  configDir?: string;
}

interface Project {
  projectDir: string;
  projectId: string;
  projectAlias?: string;
}

/** Parameters have neither a value nor a default. */
export class MissingParametersError extends Error {
  constructor(
    readonly names: readonly string[],
    readonly codebase: string,
  ) {
    super(`no value of ${names.join(', ')}`);
  }

  /** @returns one sentence with the file to edit, and the projects for which there are files */
  explain({ functionsDir, configDir = functionsDir }: Backend, project: Project): string {
    const suffixes = [project.projectAlias, project.projectId].filter((name) => name !== undefined);
    const specific = suffixes.map((name) => `.env.${name}`);
    const name = specific.find((file) => existsSync(join(configDir, file))) ?? '.env';
    const file = relative(project.projectDir, join(configDir, name));
    const others = specific.includes(name) ? [] : projectsWithValues(configDir);
    const hint = others.map((id) => `; for the project ${id}, start with --project ${id}`).join('');
    return (
      `expected a value of ${this.names.join(', ')} in ${file}, found none and no default: ` +
      `the functions of "${this.codebase}" are not started${hint}`
    );
  }
}

/** The projects whose .env files are in a folder: an app may have them for another project than the one that is started. */
function projectsWithValues(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((file) => /^\.env\.([a-z][a-z0-9-]{5,29})$/.exec(file)?.[1] ?? [])
    .filter((id) => id !== 'example')
    .sort();
}

const ALL_TYPES = { string: true, boolean: true, number: true, list: true };

/**
 * Uses the default of each parameter that no .env file sets. The CLI asks for it, and fails where there is no terminal.
 * Secrets are not concerned: their values come from .secret.local.
 */
export function resolveParametersWithoutPrompts(): void {
  const module = loadModule('deploy/functions/params');
  const ParamValue = module['ParamValue'] as ParamValueClass;
  replace(module, 'resolveParams', (original) => (argument) => {
    const options = argument as ResolveOptions;
    if (options.isEmulator !== true) return original(options);
    // Internal values are not written to the user's .env file.
    const defaults = Object.entries(defaultsOf(options)).map(([name, text]) => [
      name,
      new ParamValue(text, true, ALL_TYPES),
    ]);
    const userEnvs = { ...options.userEnvs, ...Object.fromEntries(defaults) } as object;
    return original({ ...options, userEnvs });
  });
  const emulator = prototypeOf(loadModule('emulator/functionsEmulator'), 'FunctionsEmulator');
  replace(
    emulator,
    'discoverTriggers',
    (original) =>
      async function discoverTriggers(this: unknown, backend) {
        try {
          return await original.call(this, backend);
        } catch (error) {
          if (!(error instanceof MissingParametersError)) throw error;
          const { args } = this as { args: Project };
          throw new Error(error.explain(backend as Backend, args), { cause: error });
        }
      },
  );
}

/**
 * @returns the values of the parameters that have only a default, as text
 * @throws MissingParametersError
 */
export function defaultsOf({
  params,
  userEnvs,
  firebaseConfig,
  codebase,
}: ResolveOptions): Record<string, string> {
  const known: Record<string, string | undefined> = {
    PROJECT_ID: firebaseConfig.projectId,
    GCLOUD_PROJECT: firebaseConfig.projectId,
    STORAGE_BUCKET: firebaseConfig.storageBucket,
    DATABASE_URL: firebaseConfig.databaseURL,
  };
  const open = params.filter(({ name, type }) => type !== 'secret' && !(name in userEnvs));
  const defaults: Record<string, string> = {};
  const missing: string[] = [];
  for (const { name, default: value } of open) {
    // Such as `{{ params.STORAGE_BUCKET }}`, which a parameter has as its default.
    const reference = /^\{\{ *params\.(\w+) *\}\}$/.exec(String(value))?.[1];
    const text = reference === undefined ? value : known[reference];
    if (text === undefined) missing.push(name);
    else defaults[name] = Array.isArray(text) ? text.join(',') : String(text);
  }
  if (missing.length === 0) return defaults;
  throw new MissingParametersError(missing, codebase);
}
