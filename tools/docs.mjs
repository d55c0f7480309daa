/** `npm run docs`: makes the pages that are made from tables. Their test writes what it else compares. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fail, root, setUp } from './setup.mjs';

try {
  setUp();
} catch (error) {
  fail(error.message);
}
const tests = [
  'tests/access.test.ts',
  'tests/documented-rules.test.ts',
  'functions/src/serve/conformance.test.ts',
];
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const { status } = spawnSync(
  process.execPath,
  [jest, '--selectProjects', 'unit', '--runTestsByPath', ...tests.map((test) => join(root, test))],
  { cwd: root, stdio: 'inherit', env: { ...process.env, WRITE_DOCS: '1' } },
);
process.exitCode = status ?? 1;
