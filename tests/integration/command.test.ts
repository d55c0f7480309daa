/** `npm start`: each test runs the command with its own stack. command-options.test.ts has its options and errors. */
import { once } from 'node:events';
import type { Report } from '../../tools/dev/start/once.js';
import type { Sample } from '../../tools/dev/stack/project.js';
import { get, statusOf } from '../support/http.js';
import { PHOTO } from '../support/stack.js';
import {
  KIND,
  reportsOf,
  start,
  startAndWait,
  waitUntilStopped,
} from '../support/start-command.js';

test('--once processes a photo: 9 renditions return 200, the original returns 403', async () => {
  const { code, stdout } = await start('--once', PHOTO, ...KIND);
  const reports = reportsOf(stdout);
  expect(reports).toHaveLength(1);
  const [report] = reports as [Report];
  expect(report).toMatchObject({ file: PHOTO, state: 'ready', original: { status: 403 } });
  expect(Object.keys(report)).toEqual([
    'file',
    'imageId',
    'state',
    'token',
    'placeholder',
    'variants',
    'original',
  ]);
  expect(report.variants.map(({ status }) => status)).toEqual(Array(9).fill(200));
  expect(report.original?.downloadUrl?.afterLock).toBe(403);
  expect(code).toBe(0);
}, 60_000);

test('without --once, it prints working URLs and stops the stack on Ctrl-C', async () => {
  const { child, stdout, demo } = await startAndWait();
  expect(stdout).toMatch(/Ready after \d+\.\d s/);
  const urls = [...stdout.matchAll(/(?:curl -O|Sample photo|its manifest|Demo page) +(\S+)/g)];
  expect(urls).toHaveLength(12);
  for (const [, url] of urls) expect(await statusOf(url ?? '')).toBe(200);
  // The demo page shows the sample to visitors who have no photo.
  const page = await get(`${demo}stack.json`);
  const { revocationSeconds, sample } = JSON.parse(String(page.body)) as {
    revocationSeconds: number;
    sample: Sample;
  };
  expect(revocationSeconds).toBe(60);
  expect(sample).toMatchObject({ width: 5312, height: 2988 });
  expect(await statusOf(`${demo}i/${sample.token}/w800`)).toBe(200);
  expect(await statusOf(sample.objectUrl)).toBe(403);
  child.kill('SIGINT');
  await once(child, 'exit');
  await waitUntilStopped(demo);
}, 60_000);
