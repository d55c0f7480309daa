/** Loads the modules of firebase-tools when they are first used: most belong to commands and emulators that do not run. */
import { isBuiltin, Module } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { loadDependency, replace } from './patch.js';

/** What `require` returns: an object, or a function with members. */
type Exports = Record<string | symbol, unknown> & ((...args: unknown[]) => unknown);

let isLazy = false;

/**
 * Delays what firebase-tools requires until a member of it is read. Before, a start took 1.5 seconds of CPU time to load
 * modules of which it used a fifth.
 * @throws Error if Node.js has no `Module.prototype.require`
 */
export function loadModulesLazily(): void {
  if (isLazy) return;
  isLazy = true;
  const library = join(dirname(require.resolve('firebase-tools/package.json')), 'lib') + sep;
  replace(
    Module.prototype as unknown as Record<string, unknown>,
    'require',
    (original) =>
      function requireLazily(this: unknown, id) {
        const { filename } = this as { filename?: string | null };
        const isDelayed = filename?.startsWith(library) === true && canWait(id);
        if (!isDelayed) return original.call(this, id);
        return delay(() => {
          const loaded = original.call(this, id) as Exports;
          if (id === 'marked') renderForTerminal(loaded);
          return loaded;
        });
      },
  );
}

/** Data and the modules of Node.js are used at once. */
function canWait(id: unknown): id is string {
  return typeof id === 'string' && !id.endsWith('.json') && !isBuiltin(id);
}

/** What `bin/cli` of firebase-tools does at its start, where it costs 150 ms. */
function renderForTerminal(marked: unknown): void {
  const { marked: renderer } = marked as { marked: { use: (extension: unknown) => void } };
  const { markedTerminal } = loadDependency('marked-terminal') as { markedTerminal: () => unknown };
  renderer.use(markedTerminal());
}

/**
 * Stands for a module that is not loaded yet.
 * @param load called once, when a member is used
 * @returns has the members of the module, is a function and a constructor if the module is one
 */
export function delay(load: () => object): object {
  let loaded: object | undefined;
  const module = () => (loaded ??= load());
  // A bound function can be called and constructed, and has no property that must not be hidden.
  const target = function () {}.bind(undefined) as unknown as Record<string, unknown>;
  delete target['length'];
  delete target['name'];
  return new Proxy(target, {
    get: (_target, name) => Reflect.get(module(), name) as unknown,
    set: (_target, name, value) => Reflect.set(module(), name, value),
    has: (_target, name) => Reflect.has(module(), name),
    deleteProperty: (_target, name) => Reflect.deleteProperty(module(), name),
    defineProperty: (_target, name, descriptor) =>
      Reflect.defineProperty(module(), name, { ...descriptor, configurable: true }),
    ownKeys: () => Reflect.ownKeys(module()),
    getOwnPropertyDescriptor: (_target, name) => {
      const descriptor = Reflect.getOwnPropertyDescriptor(module(), name);
      return descriptor && { ...descriptor, configurable: true };
    },
    getPrototypeOf: () => Reflect.getPrototypeOf(module()),
    apply: (_target, self, args: unknown[]) => Reflect.apply(module() as Exports, self, args),
    // A class that extends the module is the new target, and has its own prototype.
    construct: (_target, args: unknown[], newTarget) =>
      Reflect.construct(module() as Exports, args, newTarget) as object,
  });
}
