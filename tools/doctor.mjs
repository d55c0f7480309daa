/** `npm run doctor`: runs the doctor command on the local stack that `npm start` started. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runNode } from './run-tool.mjs';
import { fail, root } from './setup.mjs';

const file = join(root, '.local', 'stack.json');
if (!existsSync(file)) fail('expected a running local stack: start it with npm start');
const { projectId, bucket, firestore, storage } = JSON.parse(readFileSync(file, 'utf8'));
const args = ['doctor', '--project', projectId, '--bucket', bucket, ...process.argv.slice(2)];
process.exitCode =
  runNode('functions/lib/cli/main.js', args, {
    FIRESTORE_EMULATOR_HOST: firestore,
    STORAGE_EMULATOR_HOST: `http://${storage}`,
    METADATA_SERVER_DETECTION: 'none',
  }) ?? 2;
