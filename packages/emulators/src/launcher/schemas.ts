/** Prepares JSON schemas when they are first used. */
import { loadModule, loadDependency, loadDependencyOf, prototypeOf, replace } from './patch.js';

/** How firebase-tools depends on what reads its API description. */
const EXEGESIS = ['exegesis-express', 'exegesis'];

type Validate = (value: unknown) => unknown;

/**
 * The Auth emulator has hundreds of JSON schemas, most of which are never used: for each, a validator with a compiled
 * meta-schema of its own takes 2 ms at start.
 */
export function prepareAuthSchemasLazily(): void {
  const validators = loadDependencyOf(EXEGESIS, './oas3/Schema/validators');
  for (const name of ['generateRequestValidator', 'generateResponseValidator']) {
    replace(validators, name, (original) => (...args) => {
      let validate: Validate | undefined;
      return (value: unknown) => (validate ??= original(...args) as Validate)(value);
    });
  }
  replace(
    loadDependency('exegesis-express'),
    'middleware',
    (original) => (description, options) =>
      original(description, { ...(options as object), lazyCompileValidationSchemas: true }),
  );
}

/**
 * The Auth emulator reads its API description, 250 KB, twice for references to other files. It has none.
 * @throws Error if firebase-tools' dependency has no such function
 */
export function skipExternalReferences(): void {
  const Parser = loadDependencyOf(EXEGESIS, '@apidevtools/json-schema-ref-parser');
  replace(
    prototypeOf({ Parser }, 'Parser'),
    'bundle',
    (original) =>
      function bundle(this: unknown, description, ...rest) {
        const isComplete =
          typeof description === 'object' && !/"\$ref":"[^#]/.test(JSON.stringify(description));
        return isComplete
          ? Promise.resolve(description)
          : original.call(this, description, ...rest);
      },
  );
}

/** The CLI compiles a schema of firebase.json for messages that only `--debug` shows. */
export function skipConfigValidation(): void {
  if (process.argv.includes('--debug')) return;
  const valid = Object.assign(() => true, { errors: null });
  replace(loadModule('firebaseConfigValidate'), 'getValidator', () => () => valid);
}
