import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TemporaryRepository } from '../tests/support/repository.js';

const SCRIPT = 'tools/release.mjs';

let repository: TemporaryRepository;
beforeEach(() => {
  repository = new TemporaryRepository();
  repository.copy(SCRIPT);
  repository.write(
    'functions/package.json',
    '{ "name": "storage-public-variants", "version": "1.2.3" }\n',
  );
  repository.write(
    'packages/rules/package.json',
    '{ "name": "firebase-rules-check", "version": "0.4.0" }',
  );
  repository.write('extension.yaml', 'name: x\nversion: 1.2.3\nspecVersion: v1beta\n');
  repository.write(
    'CHANGELOG.md',
    '# Changelog\n\n## [1.2.3] - 2026-12-01\n\n- New.\n\n## [1.2.2]\n',
  );
  repository.commit('release');
});
afterEach(() => repository.remove());

const tags = () => repository.git('tag', '--list').trim();

test('tags the version that all three files have, and prints the next commands', () => {
  const { status, stdout } = repository.run(SCRIPT);
  expect(status).toBe(0);
  expect(stdout).toContain('tagged v1.2.3');
  expect(stdout).toContain('git push origin main --follow-tags');
  expect(stdout).toContain('npm publish .local/packages/firebase-rules-check-0.4.0.tgz');
  expect(stdout).toContain('npm publish .local/packages/storage-public-variants-1.2.3.tgz');
  expect(stdout).toContain('npm run release -- --published');
  expect(tags()).toBe('v1.2.3');
  // --follow-tags pushes annotated tags only.
  expect(repository.git('cat-file', '-t', 'v1.2.3').trim()).toBe('tag');
});

test('--check creates no tag', () => {
  const { status, stdout } = repository.run(SCRIPT, '--check');
  expect([status, stdout, tags()]).toEqual([0, 'v1.2.3 can be tagged\n', '']);
});

test('an empty section "Unreleased" is allowed', () => {
  repository.write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n\n## [1.2.3]\n\n- New.\n');
  repository.commit('changelog');
  expect(repository.run(SCRIPT).status).toBe(0);
});

test.each([
  [
    'functions/package.json',
    '{ "version": "1.2.4" }',
    'functions/package.json has 1.2.4, extension.yaml has 1.2.3, CHANGELOG.md has 1.2.3',
  ],
  [
    'extension.yaml',
    'version: 1.2.2\n',
    'functions/package.json has 1.2.3, extension.yaml has 1.2.2, CHANGELOG.md has 1.2.3',
  ],
  [
    'CHANGELOG.md',
    '# Changelog\n\n## [1.3.0]\n\n## [1.2.3]\n',
    'functions/package.json has 1.2.3, extension.yaml has 1.2.3, CHANGELOG.md has 1.3.0',
  ],
  [
    'CHANGELOG.md',
    '# Changelog\n',
    'functions/package.json has 1.2.3, extension.yaml has 1.2.3, CHANGELOG.md has none',
  ],
])('a version in %s that differs is reported: %#', (file, text, found) => {
  repository.write(file, text);
  repository.commit('change');
  const { status, stderr } = repository.run(SCRIPT);
  expect(stderr).toBe(`not released:\n- expected one version, found: ${found}\n`);
  expect([status, tags()]).toEqual([1, '']);
});

test.each([
  ['in the middle', '## [Unreleased]\n\n- Not yet.\n\n## [1.2.3]\n'],
  ['at the end', '## [1.2.3]\n\n## [Unreleased]\n\n- Not yet.\n'],
])('entries under "Unreleased" %s are reported', (_where, text) => {
  repository.write('CHANGELOG.md', `# Changelog\n\n${text}`);
  repository.commit('changelog');
  const { status, stderr } = repository.run(SCRIPT);
  expect(stderr).toContain('expected no entries under "Unreleased"');
  expect([status, tags()]).toEqual([1, '']);
});

test.each([
  ['changed', 'extension.yaml', 'version: 1.2.3\n# changed\n'],
  ['new', 'notes.txt', 'new'],
])('a %s file that is not committed is reported', (_what, file, text) => {
  repository.write(file, text);
  const { status, stderr } = repository.run(SCRIPT);
  expect(stderr).toContain('expected a clean working tree');
  expect([status, tags()]).toEqual([1, '']);
});

test('a version that is tagged already is reported', () => {
  repository.git('tag', 'v1.2.3');
  const { status, stderr } = repository.run(SCRIPT);
  expect(stderr).toBe('not released:\n- expected a new version, but the tag v1.2.3 exists\n');
  expect(status).toBe(1);
});

test('--published lets the documentation name the packages', () => {
  repository.write(
    'docs/install.md',
    `# Install

<!-- not published -->
Make the tarball:

    npm run pack
<!-- /not published -->

    npx --yes --package PATH/TO/.local/packages/a-b-0.1.0.tgz a-b init --yes
    npx --yes --package X/.local/packages/a-0.1.0.tgz --package X/.local/packages/b-1.0.0-rc.1.tgz b start
    npm install --save-dev X/.local/packages/firebase-rules-check-0.1.0.tgz
`,
  );
  repository.commit('docs');
  const { status, stdout } = repository.run(SCRIPT, '--published');
  expect([status, stdout]).toEqual([0, 'changed:\n- tools/published.json\n- docs/install.md\n']);
  expect(
    JSON.parse(readFileSync(join(repository.folder, 'tools/published.json'), 'utf8')),
  ).toContain('storage-public-variants');
  expect(readFileSync(join(repository.folder, 'docs/install.md'), 'utf8')).toBe(`# Install

    npx --yes a-b init --yes
    npx --yes b start
    npm install --save-dev firebase-rules-check
`);
});
