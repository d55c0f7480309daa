/** Executes commands of the documentation as they are written: in the repository, or in a new project. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../support/documentation.js';
import { RUN } from '../support/documented-commands.js';

let project: string;
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'project-'));
});
afterAll(() => {
  rmSync(project, { recursive: true, force: true });
  rmSync(join(ROOT, 'storage-public-variants-0.1.0.tgz'), { force: true });
});

/** The install guide runs these in the user's project, the others in this repository. */
const IN_PROJECT = /^(?:mkdir|tar) /;

test.each(RUN)(
  '`%s` exits with code 0',
  (text) => {
    const command = text.replaceAll('PATH/TO', ROOT);
    const cwd = IN_PROJECT.test(text) ? project : ROOT;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', command], {
      cwd,
      encoding: 'utf8',
    });
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({
      status: 0,
      output: '',
    });
  },
  300_000,
);

test('the unpacked kit is the package, built', () => {
  const kit = join(project, 'function-kits', 'storage-public-variants');
  const { name, main } = JSON.parse(readFileSync(join(kit, 'package.json'), 'utf8')) as {
    name: string;
    main: string;
  };
  expect(name).toBe('storage-public-variants');
  expect(existsSync(join(kit, main))).toBe(true);
});
