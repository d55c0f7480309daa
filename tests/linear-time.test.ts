/** ESLint reports regular expressions whose time is not linear, in every file and pattern of the repository. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PARAMETERS } from '../functions/src/config/parameter-table.js';
import { ROOT } from './support/documentation.js';

const ESLINT = join(ROOT, 'node_modules', 'eslint', 'bin', 'eslint.js');
const RULES = ['regexp/no-super-linear-backtracking', 'regexp/no-super-linear-move'];

function eslint(args: string[], input?: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, [ESLINT, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    ...(input !== undefined && { input }),
  });
  expect(stderr).toBe('');
  return stdout;
}

/** Lints regular expressions, each on a line of its own. @returns the rules that each violates */
function lint(expressions: readonly string[]): string[][] {
  const code = expressions.map((expression) => `console.log(${expression});\n`).join('');
  const args = ['--stdin', '--stdin-filename', 'tools/expressions.mjs', '--format', 'json'];
  const [result] = JSON.parse(eslint(args, code)) as [
    { messages: { ruleId: string | null; line: number; message: string }[] },
  ];
  return expressions.map((_, index) =>
    result.messages
      .filter(({ line }) => line === index + 1)
      .map(({ ruleId, message }) => ruleId ?? message),
  );
}

describe('reports an expression', () => {
  const expressions: [about: string, expression: string, rule: string][] = [
    [
      'with exponential time',
      String.raw`/^bytes=(?:\s*,\s*\d+-\d*\s*)*$/`,
      'regexp/no-super-linear-backtracking',
    ],
    [
      'with quadratic time',
      String.raw`/^(?<key>[^:]+)\s*:/`,
      'regexp/no-super-linear-backtracking',
    ],
    [
      'with quadratic time because it is tried at every position',
      String.raw`/\s+$/`,
      'regexp/no-super-linear-move',
    ],
    [
      'that is built from a string',
      String.raw`new RegExp('^(a+)+$')`,
      'regexp/no-super-linear-backtracking',
    ],
  ];
  let reported: string[][];
  beforeAll(() => {
    reported = lint(expressions.map(([, expression]) => expression));
  });

  test.each(expressions.map(([about, , rule], index) => ({ about, rule, index })))(
    '$about',
    ({ rule, index }) => {
      expect(reported[index]).toContain(rule);
    },
  );
});

test('reports no pattern of the parameters, which also run in JavaScript', () => {
  const patterns = Object.values(PARAMETERS).flatMap(({ pattern }) => pattern ?? []);
  const expressions = patterns.map((pattern) => `new RegExp(${JSON.stringify(pattern)})`);
  expect(patterns.length).toBeGreaterThan(10);
  expect(lint(expressions).flat()).toEqual([]);
});

test.each([
  'functions/src/serve/route.ts',
  'packages/client/src/urls.ts',
  'tools/start.mjs',
  'bench/lifecycle/storm.ts',
  'tests/rules.test.ts',
  'examples/demo/src/main.ts',
  'jest.config.cjs',
])('applies to %s', (file) => {
  const config = JSON.parse(eslint(['--print-config', file])) as {
    rules: Record<string, [severity: number, options: object]>;
  };
  for (const rule of RULES) {
    expect(config.rules[rule]).toEqual([2, expect.objectContaining({ report: 'potential' })]);
  }
});
