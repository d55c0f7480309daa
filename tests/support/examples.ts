/** Type-checks and runs the TypeScript examples of the documentation. */
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import ts from 'typescript';
import { ROOT } from './documentation.js';

const FUNCTIONS = join(ROOT, 'functions/node_modules/firebase-functions');

const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.es2024.string.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: ['node'],
  typeRoots: [join(ROOT, 'node_modules', '@types')],
  // The sources of the packages, as in jest.config.cjs.
  paths: {
    'firebase-rules-check': [join(ROOT, 'packages/security-rules/src/index.ts')],
    'firebase-rules-check/jest': [join(ROOT, 'packages/security-rules/src/jest/matchers.ts')],
    'firebase-local-stack': [join(ROOT, 'packages/emulators/src/launcher/messages.ts')],
    'storage-public-variants-client': [join(ROOT, 'packages/client/src/index.ts')],
    'storage-public-variants-client/*': [join(ROOT, 'packages/client/src/*.ts')],
    // Installed for the functions only.
    'firebase-functions/*': [join(FUNCTIONS, 'lib/v2/providers/*.d.ts')],
    'storage-public-variants/lib': [join(ROOT, 'functions/src/api.ts')],
  },
};

/** @returns one line for each error: the page and what the compiler says */
export function typeErrorsIn(examples: { page: string; code: string }[]): string[] {
  // In memory, in a folder from which modules resolve as in the repository.
  const sources = new Map(
    examples.map((example, index) => [join(ROOT, `documented-example-${index}.ts`), example]),
  );
  const host = ts.createCompilerHost(OPTIONS);
  host.fileExists = (file) => sources.has(file) || ts.sys.fileExists(file);
  host.readFile = (file) => sources.get(file)?.code ?? ts.sys.readFile(file);
  const program = ts.createProgram([...sources.keys()], OPTIONS, host);
  return [...sources].flatMap(([file, { page }]) => {
    const source = program.getSourceFile(file);
    const diagnostics = [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ];
    return diagnostics.map(
      ({ messageText }) => `${page}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  });
}

/**
 * Runs an example.
 * @param modules what its imports give
 * @param globals its global variables, besides those of the language
 * @returns its exports
 */
export function runExample(
  code: string,
  modules: Record<string, object>,
  globals: object = {},
): unknown {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 },
  });
  const exports = {};
  const load = (name: string) => {
    const module = modules[name];
    if (module === undefined) throw new Error(`expected one of the given modules, found ${name}`);
    return module;
  };
  runInNewContext(outputText, { ...globals, require: load, exports });
  return exports;
}
