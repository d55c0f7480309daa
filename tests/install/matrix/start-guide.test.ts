/**
 * Does what docs/start.md says, as written, in an empty folder, and chooses a photo on the page in Chromium. Then shares
 * it with the code of docs/guides/sharing.md, and revokes the link.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { EMULATORS, findFreePorts, type Ports } from '../../../tools/dev/stack/ports.js';
import { launchChromium } from '../../../bench/chromium.js';
import { codeBlocksOf } from '../../support/documentation.js';
import { eventually } from '../../support/eventually.js';
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

const guide = {
  path: 'docs/guides/sharing.md',
  text: readFileSync(join(ROOT, 'docs/guides/sharing.md'), 'utf8'),
};
/** The calls of the guide, and what it says about emulators. */
const SHARING = codeBlocksOf(guide).find(({ language }) => language === 'ts')?.code ?? '';
const CONNECT = /`(connectFunctionsEmulator\(.*?\))`/.exec(guide.text)?.[1] ?? '';
/** The default of REVOCATION_SECONDS, and some time for a slow machine. */
const REVOKED_MS = 90_000;

/** What `sharing.ts` adds to the page. */
interface Sharing {
  firstImageId(): Promise<string>;
  share(imageId: string, label: string): Promise<string>;
  revoke(shareId: string): Promise<Date>;
  listShares(imageId: string): Promise<{ shareId: string; label: string; state: string }[]>;
}

let view: Page;
let ports: Ports;
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
  ports = await findFreePorts();
  const emulators = Object.fromEntries(EMULATORS.map((name) => [name, { port: ports[name] }]));
  Object.assign(emulators['firestore'] ?? {}, { websocketPort: ports.websocket });
  const config = readJson<object>(folder, 'firebase.json');
  writeFileSync(join(folder, 'firebase.json'), JSON.stringify({ ...config, emulators }));
  const main = readFileSync(join(folder, 'main.ts'), 'utf8')
    .replace(':9099', `:${ports.auth}`)
    .replace('8080', String(ports.firestore))
    .replaceAll('9199', String(ports.storage));
  writeFileSync(join(folder, 'main.ts'), `${main}\nvoid import('./sharing');\n`);
  writeFileSync(join(folder, 'sharing.ts'), sharingPage(ports));
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

  view = await browser.newPage();
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

/** The code of the guide, connected to the emulators, with its functions in `window.sharing`. */
function sharingPage({ functions, hosting }: Ports): string {
  return `${SHARING.replace('https://YOUR-SITE', `http://127.0.0.1:${hosting}`)}
import { getAuth } from 'firebase/auth';
import { getDocs } from 'firebase/firestore';
import { connectFunctionsEmulator } from 'firebase/functions';

${CONNECT.replace('5001', String(functions))};
const uid = () => getAuth().currentUser?.uid ?? '';
Object.assign(window, {
  sharing: {
    ...{ share, revoke },
    firstImageId: async () => (await getDocs(collection(getFirestore(), \`users/\${uid()}/images\`))).docs[0]?.id,
    listShares: (imageId: string) =>
      new Promise((resolve) => {
        const stop = watchShares(uid(), imageId, (shares) => {
          if (shares.length === 0) return;
          resolve(shares);
          setTimeout(() => stop());
        });
      }),
  },
});
`;
}

test('the code of the guide on sharing makes a link to one size, lists and revokes it', async () => {
  await view.waitForFunction(() => 'sharing' in window, undefined, WAIT);
  const { url, imageId, share } = await view.evaluate(async () => {
    const { sharing } = window as unknown as { sharing: Sharing };
    const id = await sharing.firstImageId();
    const link = await sharing.share(id, 'for a day');
    const [first] = await sharing.listShares(id);
    return { url: link, imageId: id, share: first };
  });
  expect(share).toMatchObject({ imageId, label: 'for a day', state: 'active' });
  const statusOf = async (address: string) => (await fetch(address)).status;
  expect(await statusOf(url)).toBe(200);
  expect(await statusOf(url.replace('w800', 'w400'))).toBe(404);

  const deadBy = await view.evaluate(
    async (id) => (await (window as unknown as { sharing: Sharing }).sharing.revoke(id)).getTime(),
    share?.shareId ?? '',
  );
  let lastShown = 0;
  const read = async () => {
    const start = Date.now();
    const status = await statusOf(url);
    if (status === 200) lastShown = start;
    return status;
  };
  await eventually(read, (status) => expect(status).toBe(404), REVOKED_MS);
  expect(lastShown).toBeLessThanOrEqual(deadBy);
  // The owner still sees the photo.
  const own = (await view.locator('img').getAttribute('src')) ?? '';
  expect(await statusOf(own)).toBe(200);
}, 200_000);
