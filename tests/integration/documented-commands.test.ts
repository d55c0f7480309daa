/** Executes commands of the documentation as they are written, in the repository. */
import { spawnSync } from 'node:child_process';
import { ROOT } from '../support/documentation.js';
import { RUN } from '../support/documented-commands.js';

test.each(RUN)(
  '`%s` exits with code 0',
  (text) => {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', text], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({
      status: 0,
      output: '',
    });
  },
  300_000,
);
