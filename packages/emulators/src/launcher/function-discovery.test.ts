import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writesManifest } from './function-discovery.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'discovery-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([
  ['an old version', 'app.listen(process.env.PORT)', false],
  ['a new version', 'if (process.env.FUNCTIONS_MANIFEST_OUTPUT_PATH) write()', true],
])(
  'detects whether %s of firebase-functions writes the list of functions to a file',
  (_name, source, expected) => {
    const installed = join(folder, 'node_modules/firebase-functions');
    mkdirSync(join(installed, 'lib/bin'), { recursive: true });
    writeFileSync(join(installed, 'package.json'), '{"exports":{".":"./index.js"}}');
    writeFileSync(join(installed, 'lib/bin/firebase-functions.js'), source);
    expect(writesManifest(folder)).toBe(expected);
  },
);

test('functions without firebase-functions are left to the CLI', () => {
  expect(writesManifest(folder)).toBe(true);
});
