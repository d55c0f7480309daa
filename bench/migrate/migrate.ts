/** `npm run bench -- migrate`: moves images of storage-resize-images, and measures each step of the command. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { table } from '../figures.js';
import { openBenchFixture, type BenchFixture } from '../lifecycle/fixture.js';
import type { BenchPaths } from '../paths.js';
import { writeResults } from '../results.js';
import { downloadUrl, oldImage, writeDocuments, writeFiles } from './old-images.js';
import { openMigrateProcess } from './process.js';

const OWNERS = 50;
/** Old images that are made and written together. */
const BATCH = 100;

const MAPPING = {
  prefix: 'users/',
  owner: [{ path: 'users/{uid}/*' }],
  documents: [{ collection: 'posts', url: 'url', more: ['thumb'], token: 'token' }],
};

/** @returns whether all images were migrated and the doctor has no findings */
export async function measureMigration(paths: BenchPaths, images: number): Promise<boolean> {
  const fixture = await openBenchFixture(paths.root, { REVOCATION_SECONDS: '0' });
  const folder = mkdtempSync(join(tmpdir(), 'migrate-'));
  try {
    await writeOldImages(fixture, images);
    writeFileSync(join(folder, 'map.json'), JSON.stringify(MAPPING));
    const command = openMigrateProcess(paths.root, fixture);
    const steps: { step: string; seconds: number; code: number | null; out: string }[] = [];
    for (const step of ['plan', 'run', 'run', 'verify', 'finish']) {
      const options = step === 'finish' ? ['--yes', '--irreversible'] : [];
      const started = performance.now();
      const { code, out, err } = await command.run(folder, [step, '--map', 'map.json', ...options]);
      const seconds = (performance.now() - started) / 1000;
      steps.push({ step, seconds, code, out });
      process.stderr.write(`- ${step}: exit code ${code}\n${out}${err}`);
    }
    const { findings } = await fixture.doctor();
    writeResults(paths, 'migrate', { images, steps, findings: findings.length });
    const rows = steps.map(({ step, seconds, code }) => [
      step,
      seconds.toFixed(1),
      (images / seconds).toFixed(1),
      String(code),
    ]);
    const columns = ['step', 'seconds', 'images a second', 'exit code'];
    process.stdout.write(
      `${images} images, each with a resized file and a document\n${table(columns, rows)}`,
    );
    process.stdout.write(`doctor: ${findings.length} findings\n`);
    return steps.every(({ code }) => code === 0) && findings.length === 0;
  } finally {
    rmSync(folder, { recursive: true });
    await fixture.close();
  }
}

async function writeOldImages(fixture: BenchFixture, images: number): Promise<void> {
  for (let start = 0; start < images; start += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, images - start) }, (_, at) => start + at);
    const batch = await Promise.all(
      numbers.map((number) => oldImage(`users/user-${number % OWNERS}/${number}.jpg`, number, '')),
    );
    await writeFiles(
      fixture,
      batch.flatMap(({ original, resized }) => [original, ...resized]),
    );
    const documents: Record<string, object> = {};
    for (const [at, { original, resized }] of batch.entries()) {
      documents[start + at] = {
        url: downloadUrl(fixture, original),
        ...(resized[0] && { thumb: downloadUrl(fixture, resized[0]) }),
      };
    }
    await writeDocuments(fixture.firestore, 'posts', documents);
  }
}
