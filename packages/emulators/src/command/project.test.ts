import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArguments } from './arguments.js';
import { readLocalProject } from './project.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'local-project-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function read(files: Record<string, string>, argv: string[] = ['start'], cwd = '.') {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const args = parseArguments(argv);
  if (args === undefined) throw new Error('expected arguments');
  return readLocalProject(join(folder, cwd), args);
}

test('emulates auth and the sections of firebase.json, with the default project', () => {
  const config =
    '{ // what is deployed\n "hosting": {}, "functions": [], "emulators": { "storage": {} } }';
  expect(
    read({ 'firebase.json': config, '.firebaserc': '{"projects":{"default":"my-app"}}' }),
  ).toEqual({
    config: join(folder, 'firebase.json'),
    only: ['auth', 'storage', 'functions', 'hosting'],
    notes: [],
  });
});

test('without a default project, there is one that Google does not have', () => {
  expect(read({ 'firebase.json': '{}' })).toMatchObject({ only: ['auth'], project: 'demo-local' });
  expect(
    read({ '.firebaserc': '{"projects":{"staging":"x"}}' }, ['start', '-P', 'staging']),
  ).toMatchObject({
    project: 'staging',
  });
});

test('says which emulators are not started, unless the selection is explicit', () => {
  const files = { 'firebase.json': '{"database":{},"emulators":{"pubsub":{}}}' };
  expect(read(files).notes).toEqual([
    'The database emulator is not started: this package does not replace it.',
    'The pubsub emulator is not started: this package does not replace it.',
  ]);
  expect(read(files, ['start', '--only', 'auth']).notes).toEqual([]);
});

test('says which extensions are not started', () => {
  const extensions = { own: './own', published: 'firebase/storage-resize-images@0.1.50' };
  expect(read({ 'firebase.json': JSON.stringify({ extensions }) }).notes).toEqual([
    'The extension published is not started: only one in a folder works without Google.',
  ]);
});

test('says which databases of a list have no rules', () => {
  const firestore = [
    { database: 'second', rules: 'second.rules' },
    { database: '(default)', rules: 'default.rules' },
    { database: 'third' },
  ];
  expect(read({ 'firebase.json': JSON.stringify({ firestore }) }).notes).toEqual([
    'The Firestore database third has no rules: every request is allowed.',
  ]);
});

test('finds firebase.json above, or another file', () => {
  mkdirSync(join(folder, 'web/src'), { recursive: true });
  expect(read({ 'firebase.json': '{}' }, ['start'], 'web/src').config).toBe(
    join(folder, 'firebase.json'),
  );
  expect(read({ 'other.json': '{}' }, ['start', '-c', '../other.json'], 'web').config).toBe(
    join(folder, 'other.json'),
  );
});

test.each([
  [{}, ['start'], 'expected firebase.json in '],
  [{}, ['start', '-c', 'x.json'], '--config: expected a file, found none at '],
  [{ 'firebase.json': '{' }, ['start'], 'Parse Error in '],
  [{ 'firebase.json': '[]' }, ['start'], 'expected an object'],
])('%j with %j is refused in a sentence', (files, argv, sentence) => {
  expect(() => read(files, argv)).toThrow(sentence);
});
