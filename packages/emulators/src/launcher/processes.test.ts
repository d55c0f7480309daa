import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { descendantsOf, signalAll } from './processes.js';

test('finds the processes below a process, and ends them', async () => {
  // The shell stays, because it has a second command.
  const script = "node -e 'console.log(process.pid); setInterval(() => {}, 1000)'; true";
  const shell = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(shell, 'close');
  const [output] = (await once(shell.stdout, 'data')) as [Buffer];
  const inner = Number(output.toString());
  expect(descendantsOf(shell.pid ?? 0)).toEqual([inner]);
  expect(descendantsOf(process.pid)).toEqual(expect.arrayContaining([shell.pid, inner]));
  expect(descendantsOf(inner)).toEqual([]);
  signalAll([inner], 'SIGKILL');
  await ended;
  expect(descendantsOf(process.pid)).not.toContain(shell.pid);
});

test('a process that has ended is no error', async () => {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'close');
  expect(() => signalAll([child.pid ?? 0], 'SIGTERM')).not.toThrow();
});
