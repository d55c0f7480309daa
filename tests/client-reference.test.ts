/** docs/reference/client is what TypeDoc makes of the client package; `npm run docs` writes it. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './support/run.js';
import { ROOT } from './support/documentation.js';

const FOLDER = 'docs/reference/client';

test('the reference of the client package is up to date (npm run docs)', async () => {
  const out = mkdtempSync(join(tmpdir(), 'client-reference-'));
  try {
    const typedoc = join(ROOT, 'node_modules', 'typedoc', 'bin', 'typedoc');
    const args = [typedoc, '--options', 'packages/client/typedoc.json', '--out', out];
    await run(process.execPath, args, { cwd: ROOT });
    const committed = join(ROOT, FOLDER);
    if (process.env['WRITE_DOCS'] !== undefined) {
      rmSync(committed, { recursive: true, force: true });
      cpSync(out, committed, { recursive: true });
    }
    const filesIn = (folder: string) =>
      Object.fromEntries(
        readdirSync(folder).map((file) => [
          file,
          readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n'),
        ]),
      );
    expect(filesIn(committed)).toEqual(filesIn(out));
  } finally {
    rmSync(out, { recursive: true });
  }
}, 300_000);
