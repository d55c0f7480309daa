/** What code that runs inside the decoder's process can reach. Linux only. */
import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { parseConfig } from '../config/config.js';
import type { Variant } from '../domain/variant.js';
import { parseVariant } from '../domain/variant-grammar.js';
import { openIsolatedProcessor, START_SCRIPT } from './isolated-processor.js';
import { PROCESS_LIMITS } from './limits.js';
import type { ProcessSettings } from './process-image.js';

const LIB = join(__dirname, '../../lib/processing');
const onLinux = process.platform === 'linux' ? describe : describe.skip;
/** Whether this system allows a user and a network namespace. */
const hasNamespaces =
  spawnSync('unshare', ['--map-root-user', '--net', 'true'], { stdio: 'ignore' }).status === 0;

const SETTINGS: ProcessSettings = {
  ...parseConfig({ BUCKET: 'bucket' }),
  variants: [parseVariant('w5:5') as Variant],
  formats: ['webp'],
};

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'isolation-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A function with a listening socket, a connection, a file, a timer and a secret, that has processed one image. */
const FUNCTION = `
  const { readFileSync, readdirSync, readlinkSync, openSync } = require('node:fs');
  const net = require('node:net');
  const { openIsolatedProcessor } = require('./isolated-processor.js');
  const { PROCESS_LIMITS } = require('./limits.js');
  const descriptors = (pid) => Object.fromEntries(readdirSync('/proc/' + pid + '/fd').flatMap((name) => {
    try { return [[name, readlinkSync('/proc/' + pid + '/fd/' + name)]]; } catch { return []; }
  }));
  openSync(__filename);
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const client = net.connect(server.address().port, '127.0.0.1', async () => {
      const processImage = openIsolatedProcessor(PROCESS_LIMITS);
      const bytes = Buffer.from(process.argv[2], 'base64');
      const settings = JSON.parse(process.argv[3]);
      const { original } = await processImage(bytes, settings);
      console.log(JSON.stringify({
        original,
        environment: readFileSync('/proc/' + processImage.pid + '/environ', 'latin1'),
        child: descriptors(processImage.pid),
        parent: descriptors('self'),
      }));
      process.exit();
    });
  });`;

onLinux('the process of the decoder', () => {
  test('has its pipes, and no other descriptor or variable of the function', async () => {
    const image = await sharp({
      create: { width: 9, height: 7, channels: 3, background: '#84a' },
    })
      .png()
      .toBuffer();
    const script = join(folder, 'function.js');
    writeFileSync(script, FUNCTION.replaceAll("'./", `'${LIB}/`));
    // Inherited with a gap before it: of such descriptors Node closes none in its own child processes.
    const inherited = openSync(script, 'r');
    const stdio = Array.from({ length: 41 }, (_, at) => (at < 3 ? 'pipe' : undefined));
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [script, image.toString('base64'), JSON.stringify(SETTINGS)],
      {
        stdio: [...stdio.slice(0, 40), inherited],
        encoding: 'utf8',
        env: { ...process.env, SECRET_OF_THE_FUNCTION: 'x' },
      },
    );
    closeSync(inherited);
    expect(stderr).toBe('');
    const { original, environment, child, parent } = JSON.parse(stdout) as {
      original: object;
      environment: string;
      child: Record<string, string>;
      parent: Record<string, string>;
    };
    expect(original).toEqual({ width: 9, height: 7 });
    // The descriptor that must not be passed on was there.
    expect(parent['40']).toBe(script);
    expect(
      environment
        .split('\0')
        .filter(Boolean)
        .map((variable) => variable.split('=')[0])
        .sort(),
    ).toEqual(['MALLOC_ARENA_MAX', 'NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE']);

    const { 0: stdin, 1: stdoutOfChild, 2: stderrOfChild, 3: channel, 4: uploads, ...rest } = child;
    expect([stdin, stdoutOfChild]).toEqual(['/dev/null', '/dev/null']);
    for (const pipe of [stderrOfChild, channel, uploads]) expect(pipe).toMatch(/^socket:/);
    // Node's own event loops and pipes, which the function does not have, and nothing in place of descriptor 40.
    const ofParent = new Set(Object.values(parent));
    const unexpected = Object.values(rest).filter(
      (target) =>
        !/^anon_inode:|^[/]dev[/]null$/.test(target) &&
        !(target.startsWith('pipe:') && !ofParent.has(target)),
    );
    expect(unexpected).toEqual([]);
  });

  test('reaches neither a network nor the memory and environment of the function, where namespaces are allowed', async () => {
    const script = join(folder, 'child.js');
    writeFileSync(
      script,
      `const { openSync, readFileSync } = require('node:fs');
      const { connect } = require('node:net');
      const attempt = (run) => { try { run(); return 'allowed'; } catch ({ code }) { return code; } };
      process.on('message', () => {
        const environment = attempt(() => readFileSync('/proc/' + process.ppid + '/environ'));
        const memory = attempt(() => openSync('/proc/' + process.ppid + '/mem', 'r+'));
        const respond = (network) =>
          process.send({ error: JSON.stringify({ environment, memory, network }) });
        // The metadata server of Google Cloud.
        connect(80, '169.254.169.254', () => respond('allowed')).on('error', ({ code }) => respond(code));
      });`,
    );
    const processImage = openIsolatedProcessor(PROCESS_LIMITS, script);
    const result = processImage(Buffer.alloc(1), SETTINGS);
    // Elsewhere the same user id gives access to both, as SECURITY.md says.
    const found = hasNamespaces
      ? { environment: 'EACCES', memory: 'EACCES', network: 'ENETUNREACH' }
      : { environment: 'allowed' };
    const report = await result.then(
      () => '{}',
      ({ message }: Error) => message,
    );
    expect(JSON.parse(report)).toMatchObject(found);
    processImage.close();
  });

  test.each(['exit 1', undefined])(
    'starts where namespaces are not allowed: unshare: %s',
    (body) => {
      const path = join(folder, `bin ${body}`);
      const unshare = `#!/bin/sh\n${body}\n`;
      spawnSync('mkdir', ['-p', path]);
      if (body !== undefined) {
        writeFileSync(join(path, 'unshare'), unshare);
        chmodSync(join(path, 'unshare'), 0o755);
      }
      const args = ['-c', START_SCRIPT, 'sh', '1000000', '/bin/echo', 'started'];
      const { stdout, stderr } = spawnSync('/bin/sh', args, {
        env: { PATH: path },
        encoding: 'utf8',
      });
      expect([stdout, stderr]).toEqual(['started\n', '']);
    },
  );
});
