/** `npm run docs`: writes the files that are generated from tables. Their tests write them when WRITE_DOCS is set. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fail, root, setUp } from './setup.mjs';

/** Each fails in a normal run when one of its files is not up to date. */
const TESTS = [
  // extension.yaml, functions/.env.example, docs/reference/parameters.md
  'functions/src/config/generated-files.test.ts',
  // tests/fixtures/seal/vectors.json
  'functions/src/domain/seal.test.ts',
  // functions/monitoring, docs/guides/operations.md and alerts.md (tables)
  'functions/src/log-events.test.ts',
  // docs/guides/cost.md, docs/design/scale.md (tables)
  'functions/src/cli/cost/calculator.test.ts',
  // docs/reference/errors.md
  'functions/src/errors.test.ts',
  // docs/reference/http.md
  'functions/src/serve/conformance.test.ts',
  // docs/guides/rules.md (security rules)
  'tests/documented-rules.test.ts',
  // docs/reference/access.md
  'tests/access.test.ts',
  // docs/reference/functions.md, docs/reference/cli.md
  'tests/reference-pages.test.ts',
  // docs/reference/formats.md
  'tests/formats.test.ts',
  // docs/reference/quality.md, docs/images/quality.svg, functions/src/processing/quality-table.ts
  'bench/quality/page.test.ts',
  // packages/client/api.txt
  'tests/client-package.test.ts',
  // docs/reference/client
  'tests/client-reference.test.ts',
  // packages/security-rules/src/grammar.ts, the parser that Peggy generates from grammar.peggy
  'packages/security-rules/src/grammar.test.ts',
];

try {
  await setUp();
} catch (error) {
  fail(error.message);
}
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const { status } = spawnSync(
  process.execPath,
  [
    jest,
    '--selectProjects',
    'unit',
    'repository',
    '--runTestsByPath',
    ...TESTS.map((test) => join(root, test)),
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, WRITE_DOCS: '1' } },
);
process.exitCode = status ?? 1;
