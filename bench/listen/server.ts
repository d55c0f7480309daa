/** A child process with the Firestore emulator of this repository: `server.js ROOT PROJECT`; sends its port. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Emulator from '../../packages/emulators/src/firestore/index.js';

const [root = '', projectId = ''] = process.argv.slice(2);
const load = createRequire(join(root, 'packages', 'emulators', 'package.json'));
const { startFirestoreEmulator } = load('./lib/firestore/index.js') as typeof Emulator;

async function main(): Promise<void> {
  const emulator = await startFirestoreEmulator({ host: '127.0.0.1', port: 0, projectId });
  process.send?.(emulator.port);
}

process.once('disconnect', () => process.exit());
void main();
