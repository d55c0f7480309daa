import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StartRules } from '../firestore/index.js';
import {
  mainDatabase,
  readRules,
  rulesFiles,
  rulesFilesOf,
  watchRules,
} from './firestore-rules.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rules-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('the main database is the default one, or the first', () => {
  const [second, main] = [{ database: 'second' }, { database: '(default)' }];
  expect(mainDatabase([second, main])).toBe(main);
  expect(mainDatabase([second])).toBe(second);
  expect(mainDatabase([])).toBeUndefined();
});

test('each database of a list has its own rules', () => {
  const warn = jest.spyOn(console, 'warn').mockReturnValue();
  const file = join(folder, 'own.rules');
  writeFileSync(file, 'service cloud.firestore {}');
  const databases = [
    { rules: 'own.rules' },
    { database: 'second', rules: 'own.rules' },
    { database: 'third', rules: 'missing.rules' },
    { database: 'fourth' },
  ];
  const files = rulesFilesOf(databases, (name) => join(folder, name));
  expect(files).toEqual([
    { file, database: '(default)' },
    { file, database: 'second' },
  ]);
  expect(files.map(readRules)[1]).toEqual({
    source: 'service cloud.firestore {}',
    file,
    database: 'second',
  });
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('missing.rules'));
  warn.mockRestore();
});

test('the only file applies to every database', () => {
  expect(rulesFiles('/x/firestore.rules')).toEqual([{ file: '/x/firestore.rules' }]);
  expect(rulesFiles(undefined)).toEqual([]);
});

test('a file that is replaced is read again', async () => {
  const file = join(folder, 'own.rules');
  writeFileSync(file, 'first');
  let stop = (): void => undefined;
  const changed = new Promise<StartRules>((resolve) => {
    stop = watchRules([{ file, database: 'second' }], resolve);
  });
  writeFileSync(join(folder, 'new'), 'second');
  renameSync(join(folder, 'new'), file);
  await expect(changed).resolves.toEqual({ source: 'second', file, database: 'second' });
  stop();
});
