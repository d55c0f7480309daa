/** All changes are written, or none. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserProject } from '../../../test/cli/init/user-project.js';
import type { FileChange } from './changes.js';
import { writeChanges } from './write.js';

let project: UserProject;
beforeEach(() => {
  project = new UserProject({ 'a.txt': 'a', 'b.txt': 'b', 'old.tgz': 'old' });
});
afterEach(() => project.remove());

const CHANGES: FileChange[] = [
  { path: 'a.txt', before: 'a', after: 'A' },
  { path: 'new/folder/c.txt', after: 'C' },
  { path: 'old.tgz' },
];

test('writes, creates, copies and deletes; leaves no temporary file', () => {
  const copyOf = join(project.root, 'b.txt');
  writeChanges(project.root, [...CHANGES, { path: 'copy.txt', copyOf }]);
  expect(project.snapshot()).toEqual({
    'a.txt': 'A',
    'b.txt': 'b',
    'copy.txt': 'b',
    'new/folder/c.txt': 'C',
  });
});

test('writes nothing if one file can not be written', () => {
  const before = project.snapshot();
  const wrong = { path: 'a.txt/d.txt', after: 'D' };
  expect(() => writeChanges(project.root, [...CHANGES, wrong])).toThrow(/expected to write/);
  expect(project.snapshot()).toEqual(before);
  expect(readdirSync(project.root).sort()).toEqual(Object.keys(before));
});

test('undoes what was written if a later file can not be replaced', () => {
  const before = project.snapshot();
  // The folder of the second is in the place of the first, which is noticed only when that is renamed.
  const wrong = [
    { path: 'place', after: 'file' },
    { path: 'place/file', after: 'file' },
  ];
  const copyOf = join(project.root, 'b.txt');
  const copy = { path: 'copy.txt', copyOf };
  expect(() => writeChanges(project.root, [...CHANGES, copy, ...wrong])).toThrow(
    /nothing was changed/,
  );
  expect(project.snapshot()).toEqual(before);
  expect(readdirSync(project.root).sort()).toEqual(Object.keys(before));
});

test('writes nothing if a file changed after it was read', () => {
  project.write('a.txt', 'changed');
  const before = project.snapshot();
  expect(() => writeChanges(project.root, CHANGES)).toThrow(/^a\.txt: expected the content/);
  expect(project.snapshot()).toEqual(before);
});
