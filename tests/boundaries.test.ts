/** The rule that holds the arrows between rooms can fail: each wrong import is refused by name. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');

/** A copy of the sources with more files in it, under the real rule. */
function check(files: Record<string, string>): { status: number | null; stdout: string } {
  const copy = mkdtempSync(join(tmpdir(), 'arrows-'));
  try {
    cpSync(join(ROOT, 'functions', 'src'), join(copy, 'functions', 'src'), { recursive: true });
    symlinkSync(join(ROOT, 'functions', 'node_modules'), join(copy, 'functions', 'node_modules'));
    // What only tests import is the workspace's.
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    for (const [file, code] of Object.entries(files)) {
      writeFileSync(join(copy, 'functions', 'src', file), code);
    }
    const cruise = join(ROOT, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
    const config = join(ROOT, '.dependency-cruiser.cjs');
    const args = [cruise, 'functions/src', '--config', config, '--output-type', 'err'];
    return spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

test('the house as it stands has no wrong arrow', () => {
  const { status, stdout } = check({});
  expect(stdout).not.toContain('error');
  expect(status).toBe(0);
});

describe('a wrong arrow is refused', () => {
  const wrong: [file: string, code: string, rule: string][] = [
    ['serve/wrong.ts', `import '../derive/derive.js';\n`, 'serve-imports-only'],
    ['serve/sharp.ts', `import 'sharp';\n`, 'sharp-stays-in-derive'],
    ['images/wrong.ts', `import '../tokens/token.js';\n`, 'images-imports-only'],
    ['derive/wrong.ts', `import '../library/library.js';\n`, 'derive-imports-only'],
    ['derive/google.ts', `import 'firebase-admin/app';\n`, 'pure-rooms-know-no-firebase'],
    ['ingest/google.ts', `import 'firebase-admin/app';\n`, 'only-the-library-talks-to-google'],
    ['tokens/wrong.ts', `import '../index.js';\n`, 'nothing-but-index-imports-a-door'],
  ];
  let result: ReturnType<typeof check>;
  beforeAll(() => {
    result = check(Object.fromEntries(wrong.map(([file, code]) => [file, code])));
  });

  test('with a failing exit', () => {
    expect(result.status).not.toBe(0);
  });

  test.each(wrong)('%s: %s', (file, _code, rule) => {
    expect(result.stdout).toMatch(new RegExp(`error ${rule}[^\\n]*: functions/src/${file} →`));
  });
});
