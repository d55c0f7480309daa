import { setImmediate } from 'node:timers/promises';
import { USAGE } from './main.js';

/**
 * Runs the command with these arguments. It reads files synchronously: one turn of the event loop
 * ends it.
 */
async function run(...args: string[]) {
  const { argv } = process;
  const output = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    jest.spyOn(process[stream], 'write').mockImplementation((text) => {
      output[stream] += text.toString();
      return true;
    }),
  );
  process.argv = ['node', 'firebase-rules-check', ...args];
  try {
    jest.isolateModules(() => jest.requireActual('./cli.js'));
    await setImmediate();
    return { exitCode: process.exitCode, ...output };
  } finally {
    process.argv = argv;
    process.exitCode = undefined;
    for (const spy of spies) spy.mockRestore();
  }
}

afterEach(() => jest.dontMock('./main.js'));

test('prints the usage and exits with 0', async () => {
  expect(await run('--help')).toEqual({ exitCode: 0, stdout: USAGE, stderr: '' });
});

test('exits with 2 when a file does not exist', async () => {
  expect(await run('none.rules', 'none.json')).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: 'none.rules: expected a readable file, found no such file\n',
  });
});

test('resolves file names in the current folder, also in an npm script', async () => {
  const main = jest.fn(() => Promise.resolve(1));
  jest.doMock('./main.js', () => ({ main }));
  expect(await run('a.rules', 'cases.json')).toMatchObject({ exitCode: 1 });
  expect(main).toHaveBeenCalledWith(['a.rules', 'cases.json'], process.cwd());
});

test('exits with 2 and prints the message of an unexpected error', async () => {
  jest.doMock('./main.js', () => ({ main: () => Promise.reject(new Error('disk error')) }));
  expect(await run()).toEqual({ exitCode: 2, stdout: '', stderr: 'disk error\n' });
});
