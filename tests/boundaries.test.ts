/** dependency-cruiser reports each forbidden import by the name of its rule. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');
const PACKAGES = ['client', 'edge', 'emulators', 'security-rules'];

/** Runs dependency-cruiser with the repository's rules on a copy of the sources with additional files. */
function check(files: Record<string, string>): { status: number | null; stdout: string } {
  const copy = mkdtempSync(join(tmpdir(), 'boundaries-'));
  try {
    for (const part of ['src', 'test', 'package.json']) {
      cpSync(join(ROOT, 'functions', part), join(copy, 'functions', part), { recursive: true });
    }
    for (const name of PACKAGES) {
      for (const part of ['src', 'package.json']) {
        const path = join('packages', name, part);
        cpSync(join(ROOT, path), join(copy, path), { recursive: true });
      }
    }
    // Helpers that the packages' tests import.
    for (const helpers of [
      'packages/client/test',
      'packages/edge/test',
      'tests/support',
      'bench/conformance',
      'bench/processing',
    ]) {
      cpSync(join(ROOT, helpers), join(copy, helpers), { recursive: true });
    }
    cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
    symlinkSync(join(ROOT, 'functions', 'node_modules'), join(copy, 'functions', 'node_modules'));
    // Tests also import packages of the workspace.
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    for (const [file, code] of Object.entries(files)) {
      writeFileSync(join(copy, file), code);
    }
    const cruise = join(ROOT, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
    const config = join(ROOT, '.dependency-cruiser.cjs');
    const args = [cruise, 'functions', 'packages', '--config', config, '--output-type', 'err'];
    return spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

test('reports nothing for the sources of the repository', () => {
  const { status, stdout } = check({});
  expect(stdout).not.toContain('error');
  expect(status).toBe(0);
});

describe('reports a forbidden import', () => {
  const forbidden: [file: string, code: string, rule: string][] = [
    [
      'functions/src/serve/wrong.ts',
      `import '../processing/process-image.js';\n`,
      'serve-imports-only',
    ],
    ['functions/src/serve/sharp.ts', `import 'sharp';\n`, 'only-processing-loads-sharp'],
    [
      'functions/src/sharing/wrong.ts',
      `import '../processing/process-image.js';\n`,
      'sharing-imports-only',
    ],
    ['functions/src/sharing/sharp.ts', `import 'sharp';\n`, 'only-processing-loads-sharp'],
    [
      'functions/src/sharing/google.ts',
      `import 'firebase-admin/app';\n`,
      'only-gcp-talks-to-google',
    ],
    ['functions/src/domain/wrong.ts', `import '../config/config.js';\n`, 'domain-imports-only'],
    [
      'functions/src/processing/wrong.ts',
      `import '../gcp/backend.js';\n`,
      'processing-imports-only',
    ],
    [
      'functions/src/processing/google.ts',
      `import 'firebase-admin/app';\n`,
      'domain-and-processing-without-firebase',
    ],
    [
      'functions/src/lifecycle/google.ts',
      `import 'firebase-admin/app';\n`,
      'only-gcp-talks-to-google',
    ],
    [
      'functions/src/lifecycle/original-wrong.ts',
      `import './attempt.js';\n`,
      'light-functions-do-not-process',
    ],
    ['functions/src/config/wrong.ts', `import '../index.js';\n`, 'nothing-imports-an-entry'],
    [
      'functions/src/gcp/tool.ts',
      `import '../../../packages/client/src/index.js';\n`,
      'functions-imports-nothing-of-the-repository',
    ],
    [
      'functions/src/serve/rules.ts',
      `import 'firebase-rules-check';\n`,
      'only-the-cli-imports-bundled-packages',
    ],
    [
      'functions/src/cli/emulators.ts',
      `import '../../../packages/emulators/src/launcher/messages.js';\n`,
      'only-the-cli-imports-security-rules',
    ],
    [
      'functions/src/cli/migrate/wrong.ts',
      `import '../../lifecycle/attempt.js';\n`,
      'cli-migrate-imports-only',
    ],
    [
      'functions/src/config/bundled.ts',
      `import 'jsonc-parser';\n`,
      'only-the-cli-imports-bundled-packages',
    ],
    [
      'packages/security-rules/src/wrong.ts',
      `import '../../../functions/src/errors.js';\n`,
      'security-rules-imports-nothing-of-the-repository',
    ],
    [
      'packages/emulators/src/wrong.ts',
      `import '../../client/src/index.js';\n`,
      'emulators-imports-only-security-rules',
    ],
    [
      'packages/client/src/wrong.ts',
      `import '../../../functions/src/errors.js';\n`,
      'client-imports-nothing-of-the-repository',
    ],
    [
      'packages/client/src/admin.ts',
      `import '../../../functions/src/serve/manifest.js';\n`,
      'client-admin-imports-only-sharing',
    ],
    [
      'packages/client/src/seal.ts',
      `import '../../../functions/src/domain/seal.js';\n`,
      'client-seal-imports-only-the-codec',
    ],
    ['functions/src/domain/seal-codec.ts', `import 'node:crypto';\n`, 'the-seal-codec-is-portable'],
    [
      'packages/edge/src/wrong.ts',
      `import '../../../functions/src/serve/handler.js';\n`,
      'edge-imports-only-portable-modules',
    ],
    ['packages/edge/src/node.ts', `import 'node:crypto';\n`, 'edge-imports-no-packages'],
    ['functions/src/serve/expiry.ts', `import 'node:crypto';\n`, 'portable-modules-need-no-node'],
    ['packages/client/src/undeclared.ts', `import 'sharp';\n`, 'npm-no-pkg'],
    ['functions/src/domain/circular.ts', `import './circular.js';\n`, 'no-circular'],
  ];
  let result: ReturnType<typeof check>;
  beforeAll(() => {
    result = check(Object.fromEntries(forbidden.map(([file, code]) => [file, code])));
  });

  test('with a non-zero exit code', () => {
    expect(result.status).not.toBe(0);
  });

  test.each(forbidden)('%s: %s', (file, _code, rule) => {
    expect(result.stdout).toMatch(new RegExp(`error ${rule}[^\\n]*: ${file} →`));
  });
});
