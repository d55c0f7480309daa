import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OldProject } from '../../../test/cli/migrate/old-project.js';
import { idOf, migrateAll, openProject, surveyOf } from '../../../test/cli/migrate/two-images.js';
import { verify } from './verify.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'migrate-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const runOn = (project: OldProject) => migrateAll(project, join(folder, 'journal.jsonl'));

async function verifyOn(project: OldProject, similarity = 0.99) {
  return verify(await surveyOf(project), 5, {
    ...project,
    readRendition: (name) => Promise.resolve(Buffer.from(name)),
    compare: (expected, actual) => {
      // The resized file of an image, and its rendition.
      expect(actual.toString()).toBe(`variants/${expected.toString().replace('_200x200', '')}`);
      return Promise.resolve(similarity);
    },
    onProgress: () => {},
  });
}
const skipped = { of: 'logo.jpg', what: 'images without an owner' };

test('compares pictures, and lists what is left out', async () => {
  const project = openProject();
  await runOn(project);
  expect(await verifyOn(project)).toEqual({
    ...{ images: 2, ready: 2, replaced: 0, exceptions: [skipped] },
    samples: { count: 2, least: 0.99 },
  });
  const { exceptions } = await verifyOn(project, 0.5);
  expect(exceptions).toContainEqual({
    of: 'users/alice/cat.jpg',
    what: 'shows another picture: SSIM 0.50',
  });
});

test.each([
  [
    'was not copied, or its copy was deleted',
    (project: OldProject, target: string) => project.objects.delete(target),
  ],
  [
    'was overwritten since it was copied: run "migrate run" again',
    (project: OldProject) => project.put('users/alice/cat.jpg'),
  ],
  [
    'expected 100 bytes, found 99 in the copy and 100 in its record',
    (project: OldProject, target: string) => changeObject(project, target, { bytes: 99 }),
  ],
  [
    'expected the same checksum, found another',
    (project: OldProject, target: string) => changeObject(project, target, { crc32c: 'x' }),
  ],
  [
    'failed: damaged-image',
    (project: OldProject) =>
      changeRecord(project, { state: 'failed', error: { code: 'damaged-image', message: '' } }),
  ],
  ['ready, but without variants', (project: OldProject) => changeRecord(project, { variants: {} })],
  [
    'copied, not ready yet',
    (project: OldProject) => {
      const original = project.records.get(`alice/${idOf('users/alice/cat.jpg')}`)?.original;
      // Of an earlier copy.
      changeRecord(project, { original: { ...original, generation: '1' } });
    },
  ],
  [
    'copied, not ready yet',
    (project: OldProject) => changeRecord(project, { state: 'processing' }),
  ],
  [
    'held for review by the content filter: release or delete it',
    (project: OldProject) => changeRecord(project, { state: 'held' }),
  ],
])('reports that an image %s', async (what, change) => {
  const project = openProject();
  await runOn(project);
  change(project, `originals/alice/${idOf('users/alice/cat.jpg')}`);
  const { ready, exceptions } = await verifyOn(project);
  expect(ready).toBe(1);
  expect(exceptions).toEqual([skipped, { of: 'users/alice/cat.jpg', what }]);
});

function changeObject({ objects }: OldProject, name: string, changes: object): void {
  const object = objects.get(name);
  if (object) objects.set(name, { ...object, ...changes });
}
function changeRecord({ records }: OldProject, changes: object): void {
  Object.assign(records.get(`alice/${idOf('users/alice/cat.jpg')}`) ?? {}, changes);
}
