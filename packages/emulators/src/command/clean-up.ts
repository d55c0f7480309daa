/** Run by the shell of guard.ts after a stack was killed: `clean-up.js FOLDER PID…`. */
import { rmSync } from 'node:fs';
import { descendantsOf, signalAll } from '../launcher/processes.js';

const [folder = '', ...children] = process.argv.slice(2);
const pids = children.map(Number);
signalAll([...pids.flatMap(descendantsOf), ...pids], 'SIGKILL');
rmSync(folder, { recursive: true, force: true });
