/**
 * `npm run lint:commits`: checks the commit messages since Conventional Commits were adopted, or those
 * after `--from REVISION`. In a clone that lacks the first commit, it checks every commit that is there.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** The last commit that is not checked: messages follow the convention since the one after it. */
const BASE = '17c397ea86f85dbd21105b79d7da439efcc40def';

const USAGE = `npm run lint:commits [-- --from REVISION]

Checks the messages of the commits after REVISION (default: since the convention was adopted).
`;

/** @returns the exit code: 0 when every message follows the convention, 1 when one does not, 2 when Git can't say */
function main() {
  const { values } = parseArgs({
    options: { from: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (!isCommit('HEAD')) throw new Error('expected a Git clone with a commit, found none');
  if (values.from !== undefined && !isCommit(values.from)) {
    throw new Error(
      `--from: expected a commit of this clone, found ${JSON.stringify(values.from)}`,
    );
  }
  const from = values.from ?? (isCommit(BASE) ? BASE : undefined);
  const range = from === undefined ? 'HEAD' : `${from}..HEAD`;
  const count = Number(git('rev-list', '--count', range).stdout);
  const where =
    from === undefined
      ? `in this clone, which lacks ${BASE.slice(0, 7)}`
      : `after ${from.slice(0, 7)}`;
  process.stdout.write(`checking ${count} commits ${where}\n`);
  if (count === 0) return 0;
  const commitlint = join(root, 'node_modules', '@commitlint', 'cli', 'cli.js');
  const args = ['--config', join(root, 'commitlint.config.mjs'), '--to', 'HEAD'];
  if (from !== undefined) args.push('--from', from);
  const { status } = spawnSync(process.execPath, [commitlint, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  return status === 0 ? 0 : 1;
}

function git(...args) {
  return spawnSync('git', args, { cwd: root, encoding: 'utf8' });
}

function isCommit(revision) {
  return git('cat-file', '-e', `${revision}^{commit}`).status === 0;
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
