/** What `check-rules` expects is what the access table, the cases and the rules of this repository say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '../functions/src/config/config.js';
import { actors, isAllowed } from '../functions/src/cli/check-rules/access.js';
import { analyze } from '../functions/src/cli/check-rules/exposure.js';
import { findMissing } from '../functions/src/cli/check-rules/missing.js';
import { targetsOf, type Thing } from '../functions/src/cli/check-rules/targets.js';
import {
  compileRules,
  RulesSyntaxError,
  type Ruleset,
} from '../packages/security-rules/src/index.js';
import { readCases, type Case } from '../packages/security-rules/src/tool/cases.js';
import { evaluateCase } from '../packages/security-rules/src/tool/evaluate.js';
import { createMutants } from '../packages/security-rules/src/tool/mutants.js';
import { expected, type Act } from './access/table.js';

const ROOT = join(__dirname, '..');
const NOW = new Date('2026-06-01T00:00:00Z');
const CONFIG = parseConfig({ BUCKET: 'demo.appspot.com' });
const PATHS = {
  originalsPath: CONFIG.originalsPath,
  variantsPath: CONFIG.variantsPath,
  imagesCollection: CONFIG.imagesCollection,
  sharesCollection: CONFIG.sharesCollection,
  tokensCollection: CONFIG.tokensCollection,
};
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

/** The acts of the access table that a method of rules decides about. */
const ACTS = {
  get: ['get'],
  list: ['list'],
  create: ['create', 'overwrite'],
  update: ['update metadata'],
  delete: ['delete'],
} as const satisfies Record<string, readonly Act[]>;

const SERVICES = ['firebase.storage', 'cloud.firestore'] as const;

const cells = SERVICES.flatMap((service) => targetsOf(service, PATHS)).flatMap((target) =>
  target.methods.flatMap((method) =>
    actors.map((actor) => ({
      target,
      method,
      actor,
      // A query in all collections of a name has an act of its own.
      acts:
        method === 'list' && !target.isOwn && target.service === 'cloud.firestore'
          ? (['collection-group query'] as const)
          : target.service === 'cloud.firestore' && method === 'update'
            ? (['overwrite'] as const)
            : ACTS[method],
    })),
  ),
);
const THINGS = {
  originals: 'original',
  renditions: 'rendition',
  'image records': 'image record',
  'share records': 'share record',
  'token records': 'token record',
} as const satisfies Record<Thing, string>;

test.each(cells.map((cell) => [cell.actor, cell.method, cell.target.thing, cell] as const))(
  '%s, %s of %s: as in the access table',
  (actor, method, thing, { target, acts }) => {
    const answers = acts.map((act) =>
      expected({
        actor: actor === 'owner' ? 'owner' : actor === 'signed out' ? 'signed out' : 'other user',
        thing: THINGS[thing],
        act,
        state: 'ready',
      }),
    );
    expect(new Set(answers.map((answer) => answer === 'yes'))).toEqual(
      new Set([isAllowed(actor, target, method)]),
    );
  },
);

describe.each([
  ['storage.rules', 'tests/rules/storage.cases.json', 'firebase.storage'],
  ['firestore.rules', 'tests/rules/firestore.cases.json', 'cloud.firestore'],
] as const)('%s', (file, casesFile, service) => {
  const cases = readCases(read(casesFile), casesFile);

  test('the analysis agrees with the engine in every case', () => {
    const rules = compileRules(read(file), file);
    const different = cases.filter(({ request, expected: allowed }) => {
      const traces = rules.possibilities({ ...request, unknownSegments: new Map(), now: NOW });
      return traces.some(({ possibility }) => possibility === 'always') !== allowed;
    });
    expect(different.map(({ name }) => name)).toEqual([]);
  });

  /** Cases about the objects and documents of the product, by the paths of this repository. */
  const isOfProduct = ({ request: { path, method } }: Case): boolean => {
    const [first, second, third, fourth, ...more] = path.slice(3);
    if (service === 'firebase.storage') {
      if (first === 'variants') return method === 'list' || second !== undefined;
      return first === 'originals' && second !== undefined && third !== undefined && !fourth;
    }
    if (first === 'imageTokens') return second !== undefined && third === undefined;
    const isRecord = third === 'images' || third === 'imageShares';
    return first === 'users' && isRecord && fourth !== undefined && more.length === 0;
  };

  const isOwnUpload = ({ request: { method, path, request } }: Case): boolean => {
    const auth = request.type === 'map' ? request.fields.get('auth') : undefined;
    const uid = auth?.type === 'map' ? auth.fields.get('uid') : undefined;
    return (
      method === 'create' &&
      path[3] === 'originals' &&
      uid?.type === 'string' &&
      uid.value === path[4]
    );
  };

  const mutants = createMutants(read(file), file).mutants.flatMap((mutant) => {
    const rules = compile(mutant.source);
    return rules ? [[`${mutant.line}: ${mutant.description}`, rules] as const] : [];
  });

  test.each(mutants)(
    'finds a change that opens or closes something: %s',
    async (description, rules) => {
      const results = await Promise.all(
        cases
          .filter(isOfProduct)
          .map(async (one) => ({ one, ...(await evaluateCase(rules, one)) })),
      );
      const opens = results.filter(({ ok, allowed }) => !ok && allowed);
      const { exposures, notes } = analyze(rules, file, service, PATHS, NOW);
      const missing = findMissing(rules, { name: file, text: read(file) }, service, PATHS, NOW);
      const found = [...exposures, ...notes, ...missing].map(({ message }) => message);
      // Limits of uploads are for the user to choose, as long as there is one. Records have no field `uid`.
      const others = opens.filter(
        ({ one, name }) => !isOwnUpload(one) && !/caller's uid/.test(name),
      );
      expect({
        opens: others.map(({ name }) => name),
        found: found.length > 0 || others.length === 0,
      }).toEqual({
        opens: others.map(({ name }) => name),
        found: true,
      });
      // The cases know no path below `variants` that ends like that of an original.
      const isSame = results.every(({ ok }) => ok) && !description.includes('=**}');
      if (isSame) expect(exposures).toEqual([]);
    },
  );
});

function compile(source: string): Ruleset | undefined {
  try {
    return compileRules(source, 'mutant', { strict: true });
  } catch (error) {
    if (error instanceof RulesSyntaxError) return undefined;
    throw error;
  }
}
