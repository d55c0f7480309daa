/** Random rules, queries and documents: what a list may return, the same rule allows to read one by one. */
import fc from 'fast-check';
import { compileQuery } from '../store/compiled-query.js';
import { all, any, ROOT, toFields, where } from '../store/testing.js';
import type * as v1 from '../v1.js';
import { Authorizer } from './authorizer.js';
import { rulesEngine } from './rules-adapter.js';

const NAMES = ['a', 'b', 'm'];
const ITEMS = [0, 1, 2, 'x', 'y', true];
const CLIENT = { kind: 'client', auth: null } as const;
const NOW: v1.Timestamp = { seconds: 1 };

const name = fc.constantFrom(...NAMES);
const item = fc.constantFrom(...ITEMS);
const list = fc.array(item, { minLength: 1, maxLength: 3 });

/** Fields may be missing, of any type, or numbers that no literal of a rule is equal to. */
const fieldValue = fc.oneof(
  item,
  fc.constantFrom(null, 0.5, 3, '', 'xy'),
  fc.array(item, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('k', 'l'), item),
);
const documentFields = fc.dictionary(name, fieldValue);

const COMPARISONS = ['EQUAL', 'NOT_EQUAL', 'LESS_THAN', 'LESS_THAN_OR_EQUAL', 'GREATER_THAN', 'GREATER_THAN_OR_EQUAL'] as const; // prettier-ignore
const comparison = fc.oneof(
  fc.tuple(name, fc.constantFrom(...COMPARISONS), item).map((parts) => where(...parts)),
  fc.tuple(name, fc.constantFrom('IN', 'NOT_IN', 'ARRAY_CONTAINS_ANY'), list).map((parts) => where(...parts)), // prettier-ignore
  fc.tuple(name, fc.constant('ARRAY_CONTAINS'), item).map((parts) => where(...parts)),
);
const filter = fc.oneof(
  { weight: 3, arbitrary: comparison },
  { weight: 2, arbitrary: fc.array(comparison, { minLength: 2, maxLength: 3 }).map((of) => all(...of)) }, // prettier-ignore
  { weight: 1, arbitrary: fc.array(comparison, { minLength: 2, maxLength: 2 }).map((of) => any(...of)) }, // prettier-ignore
);

const literal = (value: unknown): string => JSON.stringify(value);
const field = (of: string): string => `resource.data.${of}`;

/** Proven, or an error: a document that is returned satisfies it. */
const provable = fc.oneof(
  fc
    .tuple(name, fc.constantFrom('==', '!=', '<', '<=', '>', '>='), item)
    .map(([of, operator, value]) => `${field(of)} ${operator} ${literal(value)}`),
  fc.tuple(item, name).map(([value, of]) => `${literal(value)} in ${field(of)}`),
  fc.constantFrom('true', 'resource.data.size() > 0', "id == 'd'"),
);

/**
 * These are false where the filters do not decide, as in Google's emulator, and so are not proven when they are negated.
 * The other tests of what a document does not have are not proven at all: see README.md.
 */
const onlyPositive = fc.oneof(
  fc.tuple(name, list).map(([of, values]) => `${field(of)} in ${literal(values)}`),
  fc.tuple(name, list).map(([of, values]) => `${field(of)}.hasAny(${literal(values)})`),
  fc.tuple(name, list).map(([of, values]) => `${field(of)}.hasAll(${literal(values)})`),
  fc.tuple(name, item).map(([of, value]) => `${field(of)}[0] == ${literal(value)}`),
  fc
    .tuple(name, fc.constantFrom('string', 'int', 'number', 'list', 'map', 'bool'))
    .map(([of, type]) => `${field(of)} is ${type}`),
  name.map((of) => `'${of}' in resource.data`),
  name.map((of) => `resource.data.keys().hasAll(['${of}'])`),
  name.map((of) => `${field(of)}.size() > 0`),
);

const condition = fc.letrec<{ of: string }>((tie) => ({
  of: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    provable,
    onlyPositive,
    fc
      .tuple(tie('of'), fc.constantFrom('&&', '||'), tie('of'))
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    provable.map((of) => `!(${of})`),
  ),
})).of;

function load(of: string): Authorizer {
  const authorizer = new Authorizer(rulesEngine);
  const source = `rules_version = '2'; service cloud.firestore {
    match /databases/{database}/documents/c/{id} { allow read: if ${of}; } }`;
  const issues = authorizer.rulesets.loadDefault({ source, file: 'firestore.rules' });
  expect(issues.filter(({ severity }) => severity === 'ERROR')).toEqual([]);
  return authorizer;
}

const isAllowed = (decision: Promise<void>): Promise<boolean> =>
  decision.then(
    () => true,
    () => false,
  );

test('no list returns a document that its rule denies', async () => {
  let proven = 0;
  let returned = 0;
  const property = fc.asyncProperty(
    condition,
    filter,
    fc.array(documentFields, { minLength: 1, maxLength: 12 }),
    async (of, whereFilter, documents) => {
      const query = { from: [{ collectionId: 'c' }], where: whereFilter };
      let compiled: ReturnType<typeof compileQuery>;
      try {
        compiled = compileQuery(ROOT, query);
      } catch {
        // Firestore refuses the query, such as one with two lists of alternatives.
        return;
      }
      const authorizer = load(of);
      const decision = authorizer.authorizeList(
        CLIENT,
        { parent: ROOT, query },
        () => undefined,
        NOW,
      );
      if (!(await isAllowed(decision))) return;
      proven += 1;
      for (const [index, fields] of documents.entries()) {
        const document = { name: `${ROOT}/c/${index}`, fields: toFields(fields) };
        if (!compiled.matches(document)) continue;
        returned += 1;
        const get = authorizer.authorizeGet(CLIENT, document.name, () => document, NOW);
        if (!(await isAllowed(get))) {
          throw new Error(`${of} denies ${JSON.stringify(fields)}, which the query returns`);
        }
      }
    },
  );
  const numRuns = Number(process.env['FC_RUNS'] ?? 1000);
  await fc.assert(property, { numRuns });
  // The generators reach proofs, and documents that are returned.
  expect(proven).toBeGreaterThan(numRuns / 50);
  expect(returned).toBeGreaterThan(numRuns / 100);
}, 120_000);
