/** The entry as it is deployed: loaded in a process of its own. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const FUNCTIONS = join(__dirname, '..');

function load(script: string, env: Record<string, string> = {}) {
  return spawnSync(process.execPath, ['-e', script], {
    cwd: FUNCTIONS,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', BUCKET: 'demo.appspot.com', ...env },
  });
}

test('wrong parameters stop it at load, with a sentence for each', () => {
  const { status, stderr } = load(`require('./lib/index.js')`, {
    FORMATS: 'gif',
    REVOCATION_SECONDS: 'soon',
  });
  expect(status).not.toBe(0);
  expect(stderr).toContain('FORMATS: expected formats out of avif, webp, jpeg; found "gif".');
  expect(stderr).toContain(
    'REVOCATION_SECONDS: expected whole seconds from 0 to 86400; found "soon".',
  );
});

test('an instance for views loads what a view needs, opens it at once, and nothing else', () => {
  const script = `const doors = require('./lib/index.js');
    require('./lib/serve-entry.js').openView().then(() => {
      const files = Object.keys(require.cache).join();
      console.log(Object.keys(doors).join(), typeof doors.serve,
        ['sharp', 'firebase-admin', 'google-gax', '@google-cloud', 'firebase-functions/lib/v2/providers']
          .filter((name) => files.includes(\`/node_modules/\${name}/\`)).join());
    });`;
  const { stdout, stderr } = load(script, { FUNCTION_TARGET: 'serve' });
  expect([stdout.trim(), stderr]).toEqual(['serve function', '']);
  expect(load(script, { FUNCTION_TARGET: 'serve', FORMATS: 'gif' }).stderr).toContain('FORMATS');
});

test('it exports the ten functions and nothing else', () => {
  const { stdout, stderr } = load(`console.log(Object.keys(require('./lib/index.js')).join())`);
  expect([stdout.trim(), stderr]).toEqual([
    'originalFinalized,metadataUpdated,originalDeleted,originalArchived,cleanup,backfill,purge,deleteUserImages,startBackfill,serve',
    '',
  ]);
});

test('"./api.ts" declares nothing and needs no environment', () => {
  const script = `const lib = require('storage-public-variants/lib');
    console.log(lib.isToken(lib.mintToken()), Object.keys(require.cache).some((f) => f.includes('firebase')))`;
  const { stdout, stderr } = load(script, { BUCKET: '' });
  expect([stdout.trim(), stderr]).toEqual(['true false', '']);
});

test('serving never loads sharp', () => {
  const script = `require('./lib/index.js'); require('./lib/serve/handler.js'); require('./lib/serve/http.js');
    require('./lib/gcp/open-reader.js');
    console.log(Object.keys(require.cache).filter((file) => /node_modules.(sharp|@img)/.test(file)).length)`;
  expect(load(script).stdout.trim()).toBe('0');
  // The same question does find it where it is: in the room that derives.
  expect(
    Number(load(`${script.replace('serve/handler', 'processing/process-image')}`).stdout),
  ).toBeGreaterThan(0);
});
