/** `npm run doctor`: the admin command on the local stack that `npm start` has started. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, root } from './setup.mjs';

const file = join(root, '.local', 'stack.json');
if (!existsSync(file)) fail('expected a running local stack: start it with npm start');
const { projectId, bucket, firestore, storage } = JSON.parse(readFileSync(file, 'utf8'));
const script = join(root, 'functions', 'lib', 'cli', 'main.js');
const which = ['--project', projectId, '--bucket', bucket];
const { status } = spawnSync(
  process.execPath,
  [script, 'doctor', ...which, ...process.argv.slice(2)],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      FIRESTORE_EMULATOR_HOST: firestore,
      STORAGE_EMULATOR_HOST: `http://${storage}`,
      METADATA_SERVER_DETECTION: 'none',
    },
  },
);
process.exitCode = status ?? 2;
