/**
 * Runs the blocks of docs/guides/rest.md as one script, as written, on the local stack. The script finds no programs
 * but those that the page names: without one of them, this test fails and says which.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { codeBlocksOf, ROOT } from '../support/documentation.js';
import { SCRIPTS } from '../support/documented-commands.js';
import { eventually } from '../support/eventually.js';
import { get } from '../support/http.js';
import { PHOTO, testStack } from '../support/stack.js';

const [PATH = ''] = SCRIPTS;
const stack = testStack();

const page = { path: PATH, text: readFileSync(join(ROOT, PATH), 'utf8') };
const [, sentence = ''] = /these programs: ([^.]+)\./.exec(page.text) ?? [];
const PROGRAMS = [...sentence.matchAll(/`([a-z]+)`/g)].map(([, name = '']) => name);
const [settings = '', ...steps] = codeBlocksOf(page)
  .filter(({ language }) => language === 'sh')
  .map(({ code }) => code);

/** The values of the first block for the local stack. */
const VALUES: Readonly<Record<string, string>> = {
  PROJECT: stack.projectId,
  BUCKET: stack.bucket,
  API_KEY: 'local',
  BASE_URL: stack.serve,
  SHARING: stack.serve.replace(/serve$/, 'sharing'),
  AUTH: `http://${stack.auth}/identitytoolkit.googleapis.com`,
  STORAGE: `http://${stack.storage}`,
  FIRESTORE: `http://${stack.firestore}`,
};

let folder: string;

/** @throws Error if no folder of PATH has the program */
function findProgram(name: string): string {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(directory, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // In another folder.
    }
  }
  throw new Error(`expected the program "${name}", which ${PATH} needs, found none in PATH`);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rest-guide-'));
  copyFileSync(PHOTO, join(folder, 'photo.jpg'));
  mkdirSync(join(folder, 'bin'));
  for (const name of PROGRAMS) symlinkSync(findProgram(name), join(folder, 'bin', name));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const expected = steps.flatMap((step) =>
  [...step.matchAll(/^# prints (.+)$/gm)].map(([, line = '']) => line),
);

test('the page names the programs, and the first block sets what the script needs', () => {
  expect(PROGRAMS).toEqual(['curl', 'date', 'sed', 'sleep']);
  const names = [...settings.matchAll(/^([A-Z_]+)=\S+$/gm)].map(([, name]) => name);
  expect(names).toEqual(Object.keys(VALUES));
  expect(expected.length).toBeGreaterThan(10);
});

test('the script prints what the page says', async () => {
  // Variables that only later steps use: the test asks for the end of what the last step started.
  writeFileSync(
    join(folder, 'script.sh'),
    ['set -eu', ...steps, 'echo "$BASE_URL/$TOKEN/w800.jpg" > url.txt'].join('\n'),
  );
  const env = { ...process.env, ...VALUES, PATH: join(folder, 'bin') };
  const child = spawn('/bin/sh', ['script.sh'], { cwd: folder, env });
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  expect({ lines: output.trimEnd().split('\n'), errors, code }).toEqual({
    lines: expected,
    errors: '',
    code: 0,
  });
  const url = readFileSync(join(folder, 'url.txt'), 'utf8').trim();
  await eventually(
    async () => (await get(url)).status,
    (status) => expect(status).toBe(404),
  );
}, 90_000);
