/** Replacing members of firebase-tools' modules in memory, only after checking that they exist. */
import { createRequire } from 'node:module';

/** Any function of a module that has no types. */
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

const requireHere = createRequire(__filename);
const requireAsCli = createRequire(requireHere.resolve('firebase-tools/package.json'));

/**
 * Loads one of firebase-tools' own modules.
 * @param path below its `lib/`, such as `emulator/controller`
 * @throws Error when this version has no such module
 */
export function loadModule(path: string): Record<string, unknown> {
  return requireHere(`firebase-tools/lib/${path}`) as Record<string, unknown>;
}

/** Loads a package that firebase-tools depends on: the very copy that it will use. */
export function loadDependency(name: string): Record<string, unknown> {
  return requireAsCli(name) as Record<string, unknown>;
}

/** A class that a module exports, as its prototype. */
export function prototypeOf(
  module: Record<string, unknown>,
  name: string,
): Record<string, unknown> {
  const found = module[name];
  if (typeof found !== 'function') throw missing(name);
  return found.prototype as Record<string, unknown>;
}

/**
 * Puts another function in the place of one.
 * @param make given the original one, returns its replacement
 * @throws Error when the member is no function: the version has changed, and so must this launcher
 */
export function replace(
  owner: Record<string, unknown>,
  name: string,
  make: (original: AnyFunction) => AnyFunction,
): void {
  const original = owner[name];
  if (typeof original !== 'function') throw missing(name);
  owner[name] = make(original as AnyFunction);
}

function missing(name: string): Error {
  return new Error(
    `expected firebase-tools to have a function or class "${name}", found none: ` +
      'its version is not the one that this launcher was written for',
  );
}
