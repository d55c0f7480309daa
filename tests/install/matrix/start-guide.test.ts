/** Does what docs/start.md says, as written, in an empty folder, and chooses a photo on the page in Chromium. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { EMULATORS, findFreePorts } from '../../../tools/dev/stack/ports.js';
import { launchChromium } from '../../../bench/chromium.js';
import { codeBlocksOf } from '../../support/documentation.js';
import { run } from '../../support/run.js';
import { PHOTO, ROOT } from '../../support/stack.js';
import { makeNpmCache, pack, readJson, userEnvironment } from '../installation.js';

jest.setTimeout(300_000);

/** The functions start with the first upload; for a slow machine. */
const WAIT = { timeout: 120_000 };

const page = { path: 'docs/start.md', text: readFileSync(join(ROOT, 'docs/start.md'), 'utf8') };
/** Minus the first one, which makes the packages in the clone. */
const [, ...commands] = codeBlocksOf(page)
  .filter(({ language }) => language === 'sh')
  .map(({ code }) => code.replaceAll('PATH/TO', ROOT));
const START = commands.pop() ?? '';
/** The files that the reader writes: named in the line before their block. */
const FILES = [...page.text.matchAll(/^Write `([\w.]+)`.*:\n\n```\w+\n([^]*?)^```$/gm)];

let temporary: string;
let folder: string;
let env: NodeJS.ProcessEnv;
let browser: Browser;
let stop: () => Promise<void>;

beforeAll(async () => {
  temporary = mkdtempSync(join(tmpdir(), 'start-'));
  env = userEnvironment(await makeNpmCache(temporary));
  await pack();
  folder = join(temporary, 'photos');
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await stop?.();
  rmSync(temporary, { recursive: true, force: true });
});

const shell = (code: string, cwd: string) =>
  run('bash', ['-ec', code], { cwd, env: { ...env, INIT_CWD: cwd } });

test('the commands exit with code 0', async () => {
  const [create = '', init = '', build = ''] = commands;
  expect(commands).toHaveLength(3);
  expect(FILES.map(([, name]) => name)).toEqual(['firebase.json', 'index.html', 'main.ts']);
  await shell(create, temporary);
  for (const [, name = '', text = ''] of FILES) writeFileSync(join(folder, name), text);
  await shell(init, folder);
  // The page uses the ports that the Firebase CLI has by default; here other ones are free.
  const ports = await findFreePorts();
  const emulators = Object.fromEntries(EMULATORS.map((name) => [name, { port: ports[name] }]));
  Object.assign(emulators['firestore'] ?? {}, { websocketPort: ports.websocket });
  const config = readJson<object>(folder, 'firebase.json');
  writeFileSync(join(folder, 'firebase.json'), JSON.stringify({ ...config, emulators }));
  const main = readFileSync(join(folder, 'main.ts'), 'utf8')
    .replace(':9099', `:${ports.auth}`)
    .replace('8080', String(ports.firestore))
    .replaceAll('9199', String(ports.storage));
  writeFileSync(join(folder, 'main.ts'), main);
  await shell(build, folder);
  const child = spawn('bash', ['-c', START], { cwd: folder, env, detached: true });
  const ended = once(child, 'close');
  stop = async () => {
    process.kill(-(child.pid ?? 0), 'SIGINT');
    await ended;
  };
  let output = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('All emulators ready')) resolve();
      });
    }
    void ended.then(() => reject(new Error(output)));
  });

  const view = await browser.newPage();
  await view.goto(`http://127.0.0.1:${ports.hosting}`);
  await view.locator('input').setInputFiles(PHOTO);
  const problems: string[] = [];
  view.on('console', (message) => problems.push(message.text()));
  await view
    .waitForFunction(() => document.body.textContent?.includes('original: '), undefined, WAIT)
    .catch((error: Error) => {
      throw new Error([error.message, ...problems, output].join('\n'));
    });
  const status = (await view.locator('#status').textContent()) ?? '';
  // Not with toMatch: its message would contain a public token.
  expect(/^public: http:\/\/127\.0\.0\.1:\d+\/i\/spv_\w+\/w800 original: 403$/.test(status)).toBe(
    true,
  );
  const widthOf = () => document.querySelector('img')?.naturalWidth;
  await view.waitForFunction(widthOf, undefined, WAIT);
  expect(await view.evaluate(widthOf)).toBe(800);
});
