import { readCases } from './cases.js';
import { formatReport, readExplanations, testMutants } from './mutation.js';

const RULES = `rules_version = '2';
service firebase.storage {
  match /b/{bucket}/o/{name} {
    allow get: if name != 'x';
  }
}`;

function casesOf(...pairs: [path: string, expected: boolean][]) {
  const cases = pairs.map(([path, expected]) => ({
    name: path,
    method: 'get',
    path: `/b/bucket/o/${path}`,
    auth: null,
    expect: expected,
  }));
  return readCases(JSON.stringify(cases), 'cases.json');
}

test('kills mutants for which a case fails; the others survive', async () => {
  const few = await testMutants(RULES, 'a.rules', casesOf(['a', true]));
  const more = await testMutants(RULES, 'a.rules', casesOf(['a', true], ['x', false]));
  const survivors = (report: typeof few) => report.survivors.map(({ description }) => description);
  expect(survivors(few)).toContain('/b/{bucket}/o/{name} allow get: if true');
  expect(survivors(few)).not.toContain('/b/{bucket}/o/{name} allow get: dropped');
  expect(survivors(more)).not.toContain('/b/{bucket}/o/{name} allow get: if true');
  expect(more.mutants).toBe(few.mutants);
  expect(more).toMatchObject({ file: 'a.rules', invalid: 0 });
});

test('counts mutants that do not compile separately', async () => {
  const source = RULES.replace("name != 'x'", "name.matches('a{1000}')");
  const report = await testMutants(source, 'a.rules', casesOf(['a', false]));
  // RE2 allows at most 1000 repetitions.
  expect(report.invalid).toBe(1);
  expect(report.survivors.map(({ description }) => description).join()).not.toContain('1001');
});

test('throws when a case fails on the unchanged file', async () => {
  const wrong = casesOf(['a', true], ['x', true]);
  await expect(testMutants(RULES, 'a.rules', wrong)).rejects.toThrow(
    'a.rules: expected every case to pass, found {"name":"x","allowed":false',
  );
});

describe('formatReport', () => {
  const mutant = { line: 3, column: 5, description: 'a → b', source: '' };
  const report = { file: 'a.rules', mutants: 40, invalid: 2, withoutEffect: 1 };
  const good = { ...report, survivors: [mutant] };
  const lastLine = (text: string) => text.trimEnd().split('\n').at(-1);

  test('is good when every surviving mutant is explained', () => {
    const { text, good: isGood } = formatReport(
      [good],
      { 'a.rules': { 'a → b': 'since' } },
      'survivors.json',
    );
    expect(isGood).toBe(true);
    expect(text).toBe(
      `| file    | mutants | killed | survived | percent | invalid | no effect |
| :------ | ------: | -----: | -------: | ------: | ------: | --------: |
| a.rules |      40 |     39 |        1 |  97.5 % |       2 |         1 |
a.rules:3:5 survived: a → b
  since
mutants: 40, killed 39 (97.5 %), survived 1, all explained
`,
    );
  });

  test.each([
    ['a surviving mutant is not explained', [good], {}, 'survived 1, 1 not explained'],
    [
      'an explanation has no surviving mutant',
      [good],
      { 'a.rules': { 'a → b': 'x', 'c → d': 'y' } },
      'survived 1, 1 explained without a surviving mutant',
    ],
    [
      'an explained rules file is not tested',
      [good],
      { 'a.rules': { 'a → b': 'x' }, 'b.rules': {} },
      'survived 1, 1 explained without a surviving mutant',
    ],
    [
      'fewer than 95 % are killed',
      [{ ...good, mutants: 19 }],
      { 'a.rules': { 'a → b': 'x' } },
      'mutants: 19, killed 18 (94.7 %), survived 1, 1 file with too few killed',
    ],
    [
      'one file of two has too few killed',
      [good, { ...good, file: 'b.rules', mutants: 10 }],
      { 'a.rules': { 'a → b': 'x' }, 'b.rules': { 'a → b': 'x' } },
      'mutants: 50, killed 48 (96.0 %), survived 2, 1 file with too few killed',
    ],
    [
      'there are no mutants',
      [{ ...good, mutants: 0, survivors: [] }],
      {},
      'mutants: 0, killed 0 (0.0 %), survived 0, 1 file with too few killed',
    ],
  ])('is bad when %s', (_, reports, explanations, end) => {
    const { text, good: isGood } = formatReport(reports, explanations, 'survivors.json');
    expect(isGood).toBe(false);
    expect(lastLine(text)).toContain(end);
  });

  test('is good with exactly 95 %', () => {
    const explained = { 'a.rules': { 'a → b': 'x' } };
    expect(formatReport([{ ...good, mutants: 20 }], explained, 'survivors.json').good).toBe(true);
  });
});

test.each([
  ['[', 'survivors.json: expected JSON, found a syntax error: '],
  ['[]', 'expected an object of rules files'],
  ['{"a.rules": []}', 'survivors.json: ["a.rules"]: expected an object of mutants, found []'],
  [
    '{"a.rules": {"x": " "}}',
    'survivors.json: ["a.rules"].x: expected the reason why no case can detect the mutant',
  ],
])('rejects the explanations %s', (text, message) => {
  expect(() => readExplanations(text, 'survivors.json')).toThrow(message);
});
