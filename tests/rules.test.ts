/** Evaluates the cases of the two rules files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCases, type Case } from '../packages/security-rules/src/tool/cases.js';
import { evaluateCase } from '../packages/security-rules/src/tool/evaluate.js';
import { readExplanations } from '../packages/security-rules/src/tool/mutation.js';
import { compileRules } from '../packages/security-rules/src/index.js';

const read = (name: string): string => readFileSync(join(__dirname, '..', name), 'utf8');

function readCaseFile(file: string): Case[] {
  return readCases(read(file), file);
}

describe.each([
  ['storage.rules', 'tests/rules/storage.cases.json'],
  ['firestore.rules', 'tests/rules/firestore.cases.json'],
])('%s', (file, casesFile) => {
  const ruleset = compileRules(read(file), file);
  const cases = readCaseFile(casesFile).map((one) => [one.name, one] as const);

  test.each(cases)('%s', async (_, one) => {
    const { allowed, why } = await evaluateCase(ruleset, one);
    expect({ allowed, why }).toEqual({ allowed: one.expected, why });
  });

  test('cases deny every method', () => {
    const denied = cases.filter(([, one]) => !one.expected).map(([, one]) => one.request.method);
    expect([...new Set(denied)].sort()).toEqual(['create', 'delete', 'get', 'list', 'update']);
  });
});

describe('storage.rules, changed so that originals cannot be overwritten', () => {
  const current = 'allow create: if isOwner() && isImageId() && isPhoto();';
  const final = 'allow create: if isOwner() && isImageId() && isPhoto() && resource == null;';
  const source = read('storage.rules');
  const ruleset = compileRules(source.replace(current, final), 'storage.rules');
  const cases = readCaseFile('tests/rules/storage.cases.json');
  const isOverwriting = ({ request }: Case): boolean =>
    request.method === 'create' && request.resource.type !== 'null';

  test('needs a change of one statement', () => {
    expect(source.split(current)).toHaveLength(2);
    expect(source).toContain('add `&& resource == null`');
  });

  test.each(cases.filter(isOverwriting).map((one) => [one.name, one] as const))(
    'denies: %s',
    async (_, one) => {
      expect((await evaluateCase(ruleset, one)).allowed).toBe(false);
    },
  );

  test('has cases that overwrite, which the unchanged file allows', () => {
    expect(cases.filter((one) => isOverwriting(one) && one.expected)).not.toHaveLength(0);
  });

  test('makes the same decision for all other cases', async () => {
    const others = cases.filter((one) => !isOverwriting(one));
    const results = await Promise.all(others.map((one) => evaluateCase(ruleset, one)));
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
  });
});

test('the explanations of surviving mutants are valid', () => {
  const file = 'tests/rules/survivors.json';
  expect(Object.keys(readExplanations(read(file), file))).toEqual([
    'storage.rules',
    'firestore.rules',
  ]);
});
