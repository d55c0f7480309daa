/** What an upload, a view and a deletion bill is what the calculator of costs uses: counted on local stacks of its own. */
import { OPERATIONS } from '../../functions/src/cli/cost/operations.js';
import { run } from '../support/run.js';
import { ROOT } from '../support/stack.js';

test('the counted operations are those of the calculator (npm run bench -- operations --write)', async () => {
  const env = { ...process.env, METADATA_SERVER_DETECTION: 'none' };
  const { out } = await run(process.execPath, ['tools/bench.mjs', 'operations'], {
    cwd: ROOT,
    env,
  });
  expect(JSON.parse(out)).toEqual(OPERATIONS);
}, 580_000);
