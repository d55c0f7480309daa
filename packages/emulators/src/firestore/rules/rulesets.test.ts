import { rulesEngine } from './rules-adapter.js';
import { Rulesets, type DatabaseName } from './rulesets.js';

const SOURCE = `rules_version = '2'; service cloud.firestore {
  match /databases/{database}/documents/{document=**} { allow read; } }`;
const DEFAULT = '(default)';

const named = (file: string, database?: string) => ({
  source: SOURCE,
  file,
  ...(database !== undefined && { database }),
});

test('finds the rules of a database, else those of its ID, else those of all', () => {
  const rulesets = new Rulesets(rulesEngine);
  const fileOf = (project: string, database: string) => rulesets.find({ project, database })?.file;
  expect(fileOf('a', DEFAULT)).toBeUndefined();
  rulesets.loadDefault(named('all'));
  rulesets.loadDefault(named('second', 'second'));
  rulesets.load({ project: 'a', database: 'second' }, SOURCE, 'own');
  expect([fileOf('a', DEFAULT), fileOf('b', 'second'), fileOf('a', 'second')]).toEqual([
    'all',
    'second',
    'own',
  ]);
  rulesets.unload({ project: 'b' });
  rulesets.unload({ project: 'a', database: DEFAULT });
  expect(fileOf('a', 'second')).toBe('own');
  rulesets.unload({ project: 'a' });
  expect(fileOf('a', 'second')).toBe('second');
});

test('reports once that a database is open', () => {
  const open: DatabaseName[] = [];
  const rulesets = new Rulesets(rulesEngine, (name) => open.push(name));
  const name = { project: 'a', database: DEFAULT };
  expect([rulesets.use(name), rulesets.use(name)]).toEqual([undefined, undefined]);
  rulesets.load({ project: 'b', database: DEFAULT }, SOURCE, 'own');
  rulesets.use({ project: 'b', database: DEFAULT });
  expect(open).toEqual([name]);
  expect(rulesets.report(name)).toEqual([]);
});

test('bounds the length of all rules together', () => {
  const rulesets = new Rulesets(rulesEngine);
  const source = SOURCE + ' '.repeat(250_000);
  const load = (project: string) =>
    rulesets.load({ project, database: DEFAULT }, source, 'big').length;
  let projects = 0;
  while (projects < 300 && load(`p${projects}`) === 0) projects += 1;
  expect(projects).toBe(Math.floor((64 * 1024 * 1024) / source.length));
  expect(load('p0')).toBe(0);
  rulesets.unload({ project: 'p1' });
  expect(load('another')).toBe(0);
});
