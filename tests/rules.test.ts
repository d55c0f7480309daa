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

test('the record of a held image changes no decision about its original', async () => {
  const ruleset = compileRules(read('storage.rules'), 'storage.rules');
  const documents = { 'users/alice/images/pic1': { state: 'held' } };
  const file = 'tests/rules/storage.cases.json';
  const cases = (JSON.parse(read(file)) as object[]).map((one) => ({ ...one, documents }));
  const results = await Promise.all(
    readCases(JSON.stringify(cases), file).map((one) => evaluateCase(ruleset, one)),
  );
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
});

describe('storage.rules, changed so that an image with a record cannot be overwritten', () => {
  const current = 'isDocumentId(imageId) && isPhoto();';
  const condition =
    '&& !firestore.exists(/databases/(default)/documents/users/$(uid)/images/$(imageId))';
  const source = read('storage.rules');
  const changed = source.replace(current, `isDocumentId(imageId) && isPhoto() ${condition};`);
  const ruleset = compileRules(changed, 'storage.rules');
  const file = 'tests/rules/storage.cases.json';
  /** The cases, in a database that has these documents. */
  const casesWith = (documents: object): Case[] => {
    const cases = JSON.parse(read(file)) as object[];
    return readCases(JSON.stringify(cases.map((one) => ({ ...one, documents }))), file);
  };
  const isUpload = ({ request }: Case): boolean => request.method === 'create';
  const recorded = casesWith({ 'users/alice/images/pic1': { state: 'ready' } });

  test('is changed by the condition that the comment suggests', () => {
    expect(source.split(current)).toHaveLength(2);
    expect(source).toContain(`//   ${condition}\n`);
  });

  // In production `resource` may be null although the original exists, so cases with either value count.
  test('denies uploads over an image that has a record', async () => {
    const uploads = recorded.filter(
      (one) => isUpload(one) && one.expected && /originals\/alice\/pic1$/.test(pathOf(one)),
    );
    const results = await Promise.all(uploads.map((one) => evaluateCase(ruleset, one)));
    expect(new Set(uploads.map(({ request }) => request.resource.type))).toContain('null');
    expect(results.filter(({ allowed }) => allowed)).toEqual([]);
  });

  test('makes the same decision for every case without a record', async () => {
    const cases = casesWith({});
    const results = await Promise.all(cases.map((one) => evaluateCase(ruleset, one)));
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
  });
});

function pathOf({ request }: Case): string {
  return request.path.map(String).join('/');
}

test('the explanations of surviving mutants are valid', () => {
  const file = 'tests/rules/survivors.json';
  expect(Object.keys(readExplanations(read(file), file))).toEqual([
    'storage.rules',
    'firestore.rules',
  ]);
});
