import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Killed,
  openOldProject,
  tokenOf,
  urlOf,
  type OldProject,
} from '../../../test/cli/migrate/old-project.js';
import {
  idOf,
  migrateAll,
  openProject,
  SCOPE,
  surveyOf,
  tokenFor,
} from '../../../test/cli/migrate/two-images.js';
import { checkRetention, DEFAULT_PARTS, finish, undo, UNDO, type Part } from './finish.js';
import { appendLines, openJournal, readLines } from './journal.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'migrate-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const journalFile = () => join(folder, 'journal.jsonl');
const undoFile = () => join(folder, 'undo.jsonl');

const runOn = (project: OldProject) => migrateAll(project, journalFile());

async function finishOn(project: OldProject, parts: readonly Part[] = DEFAULT_PARTS) {
  const found = await surveyOf(project);
  await checkRetention(found, parts, project.migration);
  return finish(found, parts, {
    ...project,
    journal: openJournal(journalFile(), SCOPE),
    writeUndo: (lines) => appendLines(undoFile(), lines, true),
    onProgress: () => {},
  });
}

const undoOn = (project: OldProject) => undo(readLines(undoFile(), UNDO), project.migration);

/** Objects and documents, without generations, which differ by the order of copies. */
function stateOf({ objects, documents }: OldProject) {
  return {
    objects: [...objects.values()]
      .map(({ name, metadata }) => [name, Object.keys(metadata).sort()])
      .sort(),
    documents: structuredClone(Object.fromEntries(documents)),
  };
}

test('copies originals without their tokens, writes public tokens, deletes nothing', async () => {
  const project = openProject();
  const before = new Map(project.objects);
  const { counts, problems } = await runOn(project);
  expect(counts).toEqual({
    before: 0,
    copied: 2,
    ready: 2,
    failed: 0,
    held: 0,
    waiting: 0,
    tokens: 2,
  });
  expect(problems).toEqual([]);
  for (const [name, object] of before) expect(project.objects.get(name)).toEqual(object);
  const copy = project.objects.get(`originals/alice/${idOf('users/alice/cat.jpg')}`);
  expect(copy).toMatchObject({ contentType: 'image/jpeg', bytes: 100 });
  expect(Object.keys(copy?.metadata ?? {})).toEqual(['copyOfGeneration']);
  expect(project.documents.get('posts/cat')?.['token']).toBe(tokenFor('users/alice/cat.jpg'));
  expect(readFileSync(journalFile(), 'utf8')).toContain(
    '{"kind":"skipped","of":"logo.jpg","reason":"no-owner"}',
  );
});

/** The number of calls that an action makes when nothing kills it. */
async function callsOf(action: (project: OldProject) => Promise<unknown>, project: OldProject) {
  project.calls.length = 0;
  await action(project);
  return project.calls.length;
}

test('ends the same after being killed before or after any call', async () => {
  const whole = openProject();
  const calls = await callsOf(runOn, whole);
  expect(calls).toBeGreaterThan(10);
  rmSync(journalFile());
  for (let at = 1; at <= calls; at++) {
    for (const before of [true, false]) {
      const project = openProject();
      Object.assign(project.kill, { at, before });
      await expect(runOn(project)).rejects.toThrow(Killed);
      project.kill.at = Infinity;
      // Killed in the middle of a line.
      appendFileSync(journalFile(), '{"kind":"copied","object":"use');
      await runOn(project);
      expect(stateOf(project)).toEqual(stateOf(whole));
      expect(await runOn(project)).toMatchObject({ counts: { before: 2, copied: 0 } });
      rmSync(journalFile());
    }
  }
});

test('without its journal, finds what it has copied and copies nothing twice', async () => {
  const project = openProject();
  await runOn(project);
  const generations = [...project.objects.values()].map(({ generation }) => generation);
  rmSync(journalFile());
  expect(await runOn(project)).toMatchObject({ counts: { before: 0, copied: 0, ready: 2 } });
  expect([...project.objects.values()].map(({ generation }) => generation)).toEqual(generations);
});

test('copies once more what the old app has overwritten, and looks at documents that are new', async () => {
  const project = openProject();
  await runOn(project);
  project.put('users/alice/cat.jpg', { crc32c: 'new' });
  project.documents.set('posts/dog-2', { url: urlOf('users/bob/dog.jpg') });
  const { counts } = await runOn(project);
  expect(counts).toMatchObject({ before: 0, copied: 1, ready: 2, tokens: 3 });
  const copy = project.objects.get(`originals/alice/${idOf('users/alice/cat.jpg')}`);
  expect(copy?.crc32c).toBe('new');
  expect(project.documents.get('posts/dog-2')?.['token']).toBe(tokenFor('users/bob/dog.jpg'));
});

test('does not make a copy again that its owner has deleted, nor replaces what the owner has uploaded', async () => {
  const project = openProject();
  await runOn(project);
  const target = `originals/alice/${idOf('users/alice/cat.jpg')}`;
  project.objects.delete(target);
  // Something to do for both images.
  for (const id of ['cat', 'dog']) delete project.documents.get(`posts/${id}`)?.['token'];
  const replaced = project.put(`originals/bob/${idOf('users/bob/dog.jpg')}`);
  const record = project.records.get(`bob/${idOf('users/bob/dog.jpg')}`);
  if (record) record.original.generation = replaced.generation;
  const { problems } = await runOn(project);
  expect(problems).toEqual([
    { of: 'users/alice/cat.jpg', what: 'its copy was deleted since, and is not made again' },
  ]);
  expect(project.objects.has(target)).toBe(false);
  expect(project.objects.get(replaced.name)).toBe(replaced);
});

test('lists images that fail, in every run, and documents that were changed', async () => {
  const project = openProject();
  project.outcome = ({ name }) =>
    name.includes('cat') ? { state: 'failed', code: 'not-an-image' } : { state: 'ready' };
  const { migration } = project;
  project.migration = {
    ...migration,
    changeFields(document, changes) {
      project.documents.set(document.path, { url: 'https://example.com/other.jpg' });
      return migration.changeFields(document, changes);
    },
  };
  const cat = { of: 'users/alice/cat.jpg', what: 'failed: not-an-image' };
  const dog = {
    of: 'posts/dog#token',
    what: 'the URL or the token in the document was changed since it was listed',
  };
  expect(await runOn(project)).toMatchObject({ problems: [cat, dog], counts: { failed: 1 } });
  expect((await runOn(project)).problems).toEqual([cat]);
});

test('leaves what somebody has written to the target at the same time', async () => {
  const project = openProject();
  const { migration } = project;
  project.migration = {
    ...migration,
    async copyObject(source, target) {
      await migration.copyObject(source, target);
      return migration.copyObject(source, target);
    },
  };
  expect(await runOn(project)).toMatchObject({ counts: { copied: 0, ready: 2 }, problems: [] });
  expect(readFileSync(journalFile(), 'utf8')).not.toContain('"kind":"copied"');
});

test('does not wait for an image that the content filter holds; a run after its release goes on', async () => {
  const project = openProject();
  project.outcome = ({ name }) => ({ state: name.includes('cat') ? 'held' : 'ready' });
  const what = 'held for review by the content filter: release or delete it';
  const problem = { of: 'users/alice/cat.jpg', what };
  const { counts, problems } = await runOn(project);
  expect(counts).toMatchObject({ copied: 2, ready: 1, held: 1, waiting: 0, tokens: 1 });
  expect(problems).toEqual([problem]);
  expect(await finishOn(project)).toMatchObject({ objects: 1, kept: [problem] });

  const id = idOf('users/alice/cat.jpg');
  const record = project.records.get(`alice/${id}`);
  if (record) Object.assign(record, { state: 'ready', token: tokenFor('users/alice/cat.jpg') });
  expect((await runOn(project)).counts).toMatchObject({
    before: 1,
    copied: 0,
    ready: 1,
    tokens: 1,
  });
  expect(project.documents.get('posts/cat')?.['token']).toBe(tokenFor('users/alice/cat.jpg'));
});

test('stops if nothing processes the copies', async () => {
  const project = openOldProject();
  project.outcome = () => ({ state: 'processing' });
  for (let id = 0; id < 7; id++) project.put(`users/alice/${id}.jpg`);
  await expect(runOn(project)).rejects.toThrow(
    'expected the functions to process the copies in gs://bucket, found none processed after 1 s',
  );
});

test('a journal of another migration is refused, and so is a line that migrate does not write', async () => {
  await runOn(openProject());
  expect(() => openJournal(journalFile(), { ...SCOPE, project: 'other' })).toThrow(
    `expected the journal of other, gs://bucket/, ${SCOPE.to}; found that of p, gs://bucket/, ${SCOPE.to}`,
  );
  appendFileSync(journalFile(), '{"kind":"other"}\n');
  expect(() => openJournal(journalFile(), SCOPE)).toThrow(/found another in line \d+$/);
});

describe('finish', () => {
  test('removes tokens, resized files and fields of images that are ready; undo restores tokens and fields', async () => {
    const project = openProject();
    await runOn(project);
    const before = stateOf(project);
    const record = project.records.get(`bob/${idOf('users/bob/dog.jpg')}`);
    if (record) record.state = 'processing';
    const report = await finishOn(project);
    expect(report).toEqual({
      ...{ tokens: 1, objects: 1, fields: 2, changed: [] },
      kept: [{ of: 'users/bob/dog.jpg', what: 'copied, not ready yet' }],
    });
    expect(project.objects.get('users/alice/cat.jpg')?.metadata).toEqual({});
    expect(project.objects.has('users/alice/cat_200x200.jpg')).toBe(false);
    expect(project.documents.get('posts/cat')).toEqual({ token: tokenFor('users/alice/cat.jpg') });
    // An image without an owner keeps its token.
    expect(project.objects.get('logo.jpg')?.metadata).toEqual(tokenOf('logo.jpg'));
    expect(statSync(undoFile()).mode & 0o077).toBe(0);

    const undone = await undoOn(project);
    expect(undone).toMatchObject({ tokens: 1, fields: 2, changed: [] });
    expect(undone.objects.map(({ name }) => name)).toEqual(['users/alice/cat_200x200.jpg']);
    project.put('users/alice/cat_200x200.jpg', {
      metadata: { resizedImage: 'true', ...tokenOf('users/alice/cat_200x200.jpg') },
    });
    expect(stateOf(project)).toEqual(before);
  });

  test('restores everything after being killed before or after any call', async () => {
    const whole = openProject();
    await runOn(whole);
    const before = stateOf(whole);
    const calls = await callsOf((project) => finishOn(project, ['tokens', 'fields']), whole);
    const after = stateOf(whole);
    for (let at = 1; at <= calls; at++) {
      for (const first of [true, false]) {
        for (const file of [journalFile(), undoFile()]) rmSync(file, { force: true });
        const project = openProject();
        await runOn(project);
        project.calls.length = 0;
        Object.assign(project.kill, { at, before: first });
        await expect(finishOn(project, ['tokens', 'fields'])).rejects.toThrow(Killed);
        project.kill.at = Infinity;
        await finishOn(project, ['tokens', 'fields']);
        expect(stateOf(project)).toEqual(after);
        await undoOn(project);
        expect(stateOf(project)).toEqual(before);
      }
    }
  });

  test('refuses to delete what nothing could restore', async () => {
    const project = openProject();
    await runOn(project);
    project.retained = undefined;
    const before = stateOf(project);
    await expect(finishOn(project)).rejects.toThrow(
      'expected soft delete or object versioning on gs://bucket, found neither',
    );
    expect(stateOf(project)).toEqual(before);
    await expect(finishOn(project, ['tokens'])).resolves.toMatchObject({ tokens: 4, objects: 0 });
    project.retained = 'object versioning';
    const { objects } = await finishOn(project, ['originals', 'thumbnails']);
    expect(objects).toBe(4);
  });
});
