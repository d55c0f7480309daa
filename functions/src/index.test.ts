/** The deployed entry point, loaded in a child process. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FUNCTIONS = join(__dirname, '..');

function load(script: string, env: Record<string, string> = {}) {
  return spawnSync(process.execPath, ['-e', script], {
    cwd: FUNCTIONS,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', BUCKET: 'demo.appspot.com', ...env },
  });
}

test('invalid parameters stop it at load time; the error lists each of them', () => {
  const { status, stderr } = load(`require('./lib/index.js')`, {
    FORMATS: 'gif',
    REVOCATION_SECONDS: 'soon',
  });
  expect(status).not.toBe(0);
  expect(stderr).toContain(
    'FORMATS: expected auto, or one or more of avif, webp, jpeg; found "gif".',
  );
  expect(stderr).toContain(
    'REVOCATION_SECONDS: expected a whole number of seconds from 0 to 86400; found "soon".',
  );
});

test('an instance of serve loads its handler at once, and only what requests need', () => {
  const script = `const functions = require('./lib/index.js');
    require('./lib/serve-entry.js').loadHandler().then(() => {
      const files = Object.keys(require.cache).map((file) => file.replace(/.*functions.lib./, ''));
      console.log(Object.keys(functions).join(), typeof functions.serve, files.join());
    });`;
  const { stdout, stderr } = load(script, { FUNCTION_TARGET: 'serve' });
  expect([stdout.trim(), stderr]).toEqual(['serve function index.js,serve-entry.js', '']);
  expect(load(script, { FUNCTION_TARGET: 'serve', FORMATS: 'gif' }).stderr).toContain('FORMATS');
});

test('the file of serve contains the packages that requests need, and no other', () => {
  const licenses = readFileSync(join(FUNCTIONS, 'lib', 'serve-entry.LICENSES.txt'), 'utf8');
  const packages = [...licenses.matchAll(/(?:^|\n-{80}\n\n)(\S+) \d+[.]\S+ [(]/g)].map(
    ([, name]) => name,
  );
  expect(packages).toEqual(expect.arrayContaining(['google-auth-library', 'lru-cache']));
  const unwanted = /^(sharp|zod|firebase-admin|google-gax|@google-cloud\/.*|express|protobufjs)$/;
  expect(packages.filter((name) => unwanted.test(name ?? ''))).toEqual([]);
});

test('exports the functions and nothing else', () => {
  const { stdout, stderr } = load(`console.log(Object.keys(require('./lib/index.js')).join())`);
  expect([stdout.trim(), stderr]).toEqual([
    'originalFinalized,processImage,metadataUpdated,originalDeleted,originalArchived,cleanup,resize,backfill,purge,deleteUserImages,startBackfill,sharing,serve',
    '',
  ]);
});

test.each([
  ['true', 401, 'UNAUTHENTICATED'],
  // The call goes on, and finds that nobody is signed in.
  ['false', 401, 'not-signed-in'],
])(
  'ENFORCE_APP_CHECK=%s: a call of sharing without an App Check token',
  (ENFORCE_APP_CHECK, status, found) => {
    const script = `const { sharing } = require('./lib/index.js');
      const request = Object.assign(new (require('node:events'))(), { method: 'POST', body: { data: {} },
        rawBody: Buffer.from('{}'), headers: { 'content-type': 'application/json' },
        header(name) { return this.headers[name.toLowerCase()]; }, get(name) { return this.header(name); } });
      const response = Object.assign(new (require('node:events'))(), { setHeader() {}, getHeader() {}, vary() {},
        status(code) { this.code = code; return this; },
        send(body) { console.log(this.code, JSON.stringify(body)); process.exit(); } });
      sharing(request, response);`;
    const { stdout } = load(script, { ENFORCE_APP_CHECK });
    expect(stdout).toContain(`${status} `);
    expect(stdout).toContain(found);
    expect(stdout.includes('not-signed-in')).toBe(ENFORCE_APP_CHECK === 'false');
  },
);

test.each(['originalFinalized', 'originalDeleted', 'originalArchived', 'metadataUpdated'])(
  '%s returns before it loads a handler for an object that is not an original',
  (name) => {
    const script = `const data = { bucket: 'demo.appspot.com', name: 'avatars/alice', generation: 1, size: 1 };
      const event = { data, time: '2026-01-01T00:00:00Z' };
      require('./lib/index.js').${name}.run(event).then(() => console.log(
        Object.keys(require.cache).filter((file) =>
          /lib.lifecycle.original-(finalized|deleted)[.]js|lib.gcp.backend[.]js/.test(file)).length));`;
    const { stdout, stderr } = load(script);
    expect([stdout.trim(), stderr]).toEqual(['0', '']);
  },
);

test('the handlers of light functions load no module of processing', () => {
  const names = ['original-finalized', 'original-deleted', 'metadata-updated', 'cleanup', 'purge'];
  const script = `require('./lib/index.js');
    for (const name of ${JSON.stringify(names)}) require('./lib/lifecycle/' + name + '.js');
    const count = () => Object.keys(require.cache).filter((file) => /lib.processing/.test(file)).length;
    const before = count();
    require('./lib/lifecycle/process-upload.js');
    console.log(before, count() > 0)`;
  const { stdout, stderr } = load(script);
  expect([stdout.trim(), stderr]).toEqual(['0 true', '']);
});

test('the export "./lib" declares no function and needs no environment', () => {
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
  // The same check detects sharp where it is loaded.
  expect(
    Number(load(`${script.replace('serve/handler', 'processing/process-image')}`).stdout),
  ).toBeGreaterThan(0);
});
