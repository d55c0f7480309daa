/** Run by the shell of guard.ts after a stack was killed: `clean-up.js FOLDER HUB_FOLDER STACK_PID PID…`. */
import { rmSync } from 'node:fs';
import { removeHubFiles } from '../launcher/hub-locator.js';
import { descendantsOf, signalAll } from '../launcher/processes.js';

const [folder = '', hubFolder = '', stack = '', ...children] = process.argv.slice(2);
const pids = children.map(Number);
signalAll([...pids.flatMap(descendantsOf), ...pids], 'SIGKILL');
rmSync(folder, { recursive: true, force: true });
removeHubFiles(hubFolder, Number(stack));
