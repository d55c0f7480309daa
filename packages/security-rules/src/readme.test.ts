/** Runs the examples of README.md and checks its statements. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, Script } from 'node:vm';
import * as api from './index.js';
import * as matchers from './jest/matchers.js';
import { evaluateRow, firestoreRules, loadError, type Row } from './testing.js';
import { main, USAGE } from './tool/main.js';

const read = (file: string): string => readFileSync(join(__dirname, '..', file), 'utf8');
const { name, engines } = JSON.parse(read('package.json')) as {
  name: string;
  engines: { node: string };
};
const readme = read('README.md');
const [
  install,
  rules = '',
  cases = '',
  command = '',
  output,
  query = '',
  jestExample = '',
  failure = '',
  types = '',
  example = '',
] = [...readme.matchAll(/^```\w*\n([^]*?)^```$/gm)].map(([, code]) => code);

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'readme-'));
  writeFileSync(join(folder, 'storage.rules'), rules);
  writeFileSync(join(folder, 'cases.json'), cases);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `npx firebase-rules-check` with these arguments in the folder with the example files. */
async function run(argv: string[]) {
  let stdout = '';
  const spies = [
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      stdout += text.toString();
      return true;
    }),
    jest.spyOn(process.stderr, 'write').mockReturnValue(true),
  ];
  try {
    return { exitCode: await main(argv, folder), stdout };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

test('names the package and its minimum version of Node.js', () => {
  // By name once it is published: tests/published.test.ts.
  expect(install).toMatch(
    new RegExp(`^npm install --save-dev (\\S+/)?${name}(-[\\d.]+\\.tgz)?\n$`),
  );
  expect(engines.node).toBe('>=20.20.0');
  expect(readme).toContain('Node.js 20.20 or later');
});

test('shows the output of the command', async () => {
  const [npx, bin, ...argv] = command.trim().split(' ');
  expect([npx, bin]).toEqual(['npx', name]);
  expect(await run(argv)).toEqual({ exitCode: 0, stdout: output });
});

test('lists the exit codes', async () => {
  writeFileSync(join(folder, 'failing.json'), cases.replace('false', 'true'));
  expect(await run(['storage.rules', 'failing.json'])).toMatchObject({ exitCode: 1 });
  expect(await run(['cases.json', 'cases.json'])).toMatchObject({ exitCode: 2 });
  expect(await run(['storage.rules', 'storage.rules'])).toMatchObject({ exitCode: 2 });
  expect(await run(['storage.rules'])).toMatchObject({ exitCode: 2 });
  expect(await run(['--help'])).toEqual({ exitCode: 0, stdout: USAGE });
});

test.each([
  ["state == 'draft'", 1],
  ["state == 'draft' || resource.data.words < 100", 0],
])('has an example of a query that the rule %s decides', async (condition, exitCode) => {
  writeFileSync(
    join(folder, 'firestore.rules'),
    firestoreRules(`match /posts/{id} {
      allow list: if resource.data.owner == request.auth.uid && (resource.data.${condition});
    }`),
  );
  writeFileSync(join(folder, 'query.json'), `[${query}]`);
  expect(await run(['firestore.rules', 'query.json'])).toMatchObject({ exitCode });
});

/** Runs an example whose imports are these modules. */
async function runExample(code: string, modules: Record<string, object>, globals: object = {}) {
  const context = createContext({ require: (id: string) => modules[id], ...globals });
  const body = code.replaceAll(/^import (.*) from '(.*)';$/gm, "const $1 = require('$2');");
  await new Script(`(async () => {${body}})()`).runInContext(context);
}

test('has an API example that prints the stated values', async () => {
  const printed: string[] = [];
  const log = (...values: unknown[]) => printed.push(values.join(' '));
  const modules = { [name]: api, 'node:fs': { readFileSync: () => rules } };
  await runExample(example, modules, { console: { log } });
  expect(printed).toEqual([/ \/\/ (.*)$/m.exec(example)?.[1]]);
});

describe('the example for Jest', () => {
  /** Runs the example with the rules of the README and then the tests that it declares. */
  async function runTests(code: string): Promise<void> {
    const tests: (() => Promise<void>)[] = [];
    const loadRules = (file: string): api.Ruleset => {
      expect(file).toBe('storage.rules');
      return api.compileRules(rules, file, { strict: true });
    };
    await runExample(code, {
      '@jest/globals': {
        expect,
        test: (_name: string, run: () => Promise<void>) => tests.push(run),
      },
      [`${name}/jest`]: { ...matchers, loadRules },
    });
    expect(tests).toHaveLength(1);
    for (const run of tests) await run();
  }

  test('passes', () => runTests(jestExample));

  test('fails with the stated message', async () => {
    const wrong = jestExample.replace("alice' } })", "bob' } })");
    expect(wrong).not.toBe(jestExample);
    await expect(runTests(wrong)).rejects.toThrow(failure.trim());
  });

  test('names the module and the interface of the types', () => {
    expect(types).toContain(`from '${name}/jest'`);
    expect(types).toContain('interface Matchers<R> extends RulesMatchers<R> {}');
  });
});

test('states the limits', () => {
  const { expressionsPerRequest, callDepth, firestoreReads, storageReads } = api.LIMITS;
  const reads = `${firestoreReads} document reads (Storage: ${storageReads})`;
  expect(readme).toContain(
    `${expressionsPerRequest} expressions, ${callDepth} nested calls, and ${reads}`,
  );
  const { nesting, patternLength } = api.LIMITS;
  expect(readme).toContain(`at most ${api.LIMITS.sourceBytes / 1024} KB`);
  expect(readme).toMatch(
    new RegExp(`nest at most ${nesting} levels.* ${patternLength} characters`),
  );
});

test('excludes rules of the Realtime Database', () => {
  expect(loadError('{ "rules": { ".read": true } }')).toBeDefined();
});

test.each<Row>([
  ["(/a/b).bind({'a': 'b'}) == /a/b", "rejected: expected a method, found 'bind'"],
  [
    "'abc'.split('') == ['a', 'b', 'c']",
    'rejected: expected a pattern that does not match the empty',
  ],
  ["'abc'.replace('b*', '-') == ''", 'rejected: expected a pattern that does not match the empty'],
  ["'a'.replace('a', '$1') == ''", "rejected: expected a replacement without '\\' and '$'"],
  ["bool('true') == true", true],
  ['math.isInfinite(1.0 / 0.0)', true],
  ['1 in [1] == true', true],
  ['math.ceil(2.1) is int && math.floor(2.1) is int && math.round(2.1) is int', true],
  ['[].toSet() is set', true],
  ["/a/$('b/c') == /a/b/c", 'error: expected one path segment'],
  ["/a/$('') == /a", 'error: expected one path segment'],
  ['math.abs(-9223372036854775808) > 0', 'error: integer overflow'],
])('lists the difference %s: %p', async (...row) => {
  expect(await evaluateRow(row, {})).toBe(row[1]);
});
