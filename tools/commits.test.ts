import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { TemporaryRepository } from '../tests/support/repository.js';

const SCRIPT = 'tools/commits.mjs';
const GOOD = 'fix(serve): return 404 for an expired token\n\nThe expiry was compared in seconds.';

let repository: TemporaryRepository;
beforeEach(() => {
  repository = new TemporaryRepository();
  repository.copy(SCRIPT, 'commitlint.config.mjs');
});
afterEach(() => repository.remove());

test('accepts a conventional commit with a body', () => {
  repository.commit(GOOD);
  const { status, stdout } = repository.run(SCRIPT);
  expect(stdout).toMatch(/^checking 1 commits in this clone, which lacks [0-9a-f]{7}\n/);
  expect(status).toBe(0);
});

test.each([
  ['a subject without a type', 'Return 404 for an expired token\n\nBody.', 'type-empty'],
  ['an unknown type', 'bug: return 404 for an expired token\n\nBody.', 'type-enum'],
  ['no body', 'fix(serve): return 404 for an expired token', 'body-empty'],
  ['a first line of 73 characters', `fix: ${'a'.repeat(68)}\n\nBody.`, 'header-max-length'],
  [
    'a body line of 101 characters',
    `fix: return 404\n\n${'a'.repeat(101)}`,
    'body-max-line-length',
  ],
])('rejects %s', (_what, message, rule) => {
  repository.commit(message);
  const { status, stdout } = repository.run(SCRIPT);
  expect(stdout).toContain(`[${rule}]`);
  expect(status).toBe(1);
});

test('accepts a first line of 72 and a body line of 100 characters', () => {
  repository.commit(`fix: ${'a'.repeat(67)}\n\n${'a'.repeat(100)}`);
  expect(repository.run(SCRIPT).status).toBe(0);
});

test('accepts the long lines of Dependabot', () => {
  repository.commit(
    `build(deps): bump sharp\n\n${'a'.repeat(200)}\n\nSigned-off-by: dependabot[bot] <support@github.com>`,
  );
  expect(repository.run(SCRIPT).status).toBe(0);
});

test('--from leaves out the commit it names and those before', () => {
  repository.commit('What came before');
  repository.commit(GOOD);
  expect(repository.run(SCRIPT).status).toBe(1);
  const { status, stdout } = repository.run(SCRIPT, '--from', 'HEAD~1');
  expect(stdout).toBe('checking 1 commits after HEAD~1\n');
  expect(status).toBe(0);
  expect(repository.run(SCRIPT, '--from', 'HEAD').stdout).toBe('checking 0 commits after HEAD\n');
});

test('checks what a shallow clone has', () => {
  repository.commit('What came before');
  repository.commit(GOOD);
  const clone = new TemporaryRepository(repository);
  try {
    const { status, stdout } = clone.run(SCRIPT);
    expect([stdout.split(',')[0], status]).toEqual(['checking 1 commits in this clone', 0]);
  } finally {
    clone.remove();
  }
});

test('without Git history: exit code 2 and one sentence', () => {
  rmSync(join(repository.folder, '.git'), { recursive: true });
  const { status, stderr } = repository.run(SCRIPT);
  expect([status, stderr]).toEqual([2, 'expected a Git clone with a commit, found none\n']);
});

test('--from with an unknown revision: exit code 2 and one sentence', () => {
  repository.commit(GOOD);
  const { status, stderr } = repository.run(SCRIPT, '--from', 'nothing');
  expect([status, stderr]).toEqual([
    2,
    '--from: expected a commit of this clone, found "nothing"\n',
  ]);
});
