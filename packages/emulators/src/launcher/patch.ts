/** Replaces members of firebase-tools' modules in memory, after checking that they exist. */
import { createRequire } from 'node:module';

/** A function of a module without types. */
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

const requireHere = createRequire(__filename);
const requireAsCli = createRequire(requireHere.resolve('firebase-tools/package.json'));

/**
 * Loads a module of firebase-tools.
 * @param path relative to its `lib/`, such as `emulator/controller`
 * @throws Error when this version has no such module
 */
export function loadModule(path: string): Record<string, unknown> {
  return requireHere(`firebase-tools/lib/${path}`) as Record<string, unknown>;
}

/** Loads a dependency of firebase-tools: the same copy that firebase-tools uses. */
export function loadDependency(name: string): Record<string, unknown> {
  return requireAsCli(name) as Record<string, unknown>;
}

/**
 * Loads a module as an indirect dependency of firebase-tools does.
 * @param chain names of packages: a dependency of firebase-tools, a dependency of that, and so on
 */
export function loadDependencyOf(chain: readonly string[], path: string): Record<string, unknown> {
  const requireAsLast = chain.reduce(
    (requireAsParent, name) => createRequire(requireAsParent.resolve(name)),
    requireAsCli,
  );
  return requireAsLast(path) as Record<string, unknown>;
}

/**
 * The prototype of a class that a module exports.
 * @throws Error when the module exports no such class
 */
export function prototypeOf(
  module: Record<string, unknown>,
  name: string,
): Record<string, unknown> {
  const exported = module[name];
  if (typeof exported !== 'function') throw missingMember(name);
  return exported.prototype as Record<string, unknown>;
}

/**
 * Replaces a function of a module or an object.
 * @param createReplacement receives the original and returns the replacement
 * @throws Error when the member is not a function: firebase-tools is another version than expected
 */
export function replace(
  owner: Record<string, unknown>,
  name: string,
  createReplacement: (original: AnyFunction) => AnyFunction,
): void {
  checkFunction(owner, name);
  owner[name] = createReplacement(owner[name] as AnyFunction);
}

/** @throws Error when the member is not a function: firebase-tools is another version than expected */
export function checkFunction(owner: Record<string, unknown>, name: string): void {
  if (typeof owner[name] !== 'function') throw missingMember(name);
}

/** Converts an error to one whose message the Firebase CLI prints; of others it says only that they are unexpected. */
export function toCliError(error: Error): Error {
  const { FirebaseError } = loadModule('error') as {
    FirebaseError: new (message: string, options: { original: Error }) => Error;
  };
  return new FirebaseError(error.message, { original: error });
}

function missingMember(name: string): Error {
  return new Error(
    `expected firebase-tools to have a function or class "${name}", found none: ` +
      'install the version of firebase-tools that package.json names',
  );
}
