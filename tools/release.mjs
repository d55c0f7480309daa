/**
 * `npm run release`: checks that a release is consistent, then tags it. Publishing is a manual step,
 * because it needs an account; the commands are printed.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const USAGE = `npm run release [-- --check]

Checks that functions/package.json, extension.yaml and the newest section of CHANGELOG.md have the same
version, that CHANGELOG.md has no unreleased entries and that the working tree is clean. Then creates
the tag vVERSION.
--check   checks only, creates no tag
`;

/** @returns the exit code: 0 when tagged (or checked), 1 when something is inconsistent */
function main() {
  const { values } = parseArgs({
    options: {
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const changelog = read('CHANGELOG.md');
  const versions = {
    'functions/package.json': JSON.parse(read('functions/package.json')).version,
    'extension.yaml': /^version: *['"]?([^\s'"]+)/m.exec(read('extension.yaml'))?.[1],
    'CHANGELOG.md': /^## \[?(\d[^\]\s]*)/m.exec(changelog)?.[1],
  };
  const version = versions['functions/package.json'];
  const problems = [
    ...versionProblems(versions),
    ...unreleasedProblems(changelog),
    ...gitProblems(version),
  ];
  if (problems.length > 0) {
    process.stderr.write(`not released:\n${problems.map((problem) => `- ${problem}\n`).join('')}`);
    return 1;
  }
  if (values.check) {
    process.stdout.write(`v${version} can be tagged\n`);
    return 0;
  }
  const { status, stderr } = git('tag', '--annotate', `v${version}`, '--message', `v${version}`);
  if (status !== 0) throw new Error(`git tag failed: ${stderr.trim()}`);
  process.stdout.write(`tagged v${version}. Next, with your own accounts:
  git push origin main --follow-tags
  npm run pack
  npm publish .local/packages/storage-public-variants-${version}.tgz
`);
  return 0;
}

function read(file) {
  return readFileSync(join(root, file), 'utf8');
}

function git(...args) {
  return spawnSync('git', args, { cwd: root, encoding: 'utf8' });
}

/** @param versions file name to version */
function versionProblems(versions) {
  if (new Set(Object.values(versions)).size === 1) return [];
  const found = Object.entries(versions).map(
    ([file, version]) => `${file} has ${version ?? 'none'}`,
  );
  return [`expected one version, found: ${found.join(', ')}`];
}

/** Entries under "Unreleased" belong to the version that is being released. */
function unreleasedProblems(changelog) {
  const section = /^## \[?Unreleased\]?\n([^]*?)(?=^## |(?![^]))/im.exec(changelog)?.[1] ?? '';
  if (section.trim() === '') return [];
  return ['CHANGELOG.md: expected no entries under "Unreleased"; move them to the new version'];
}

function gitProblems(version) {
  const { status, stdout } = git('status', '--porcelain');
  if (status !== 0) return ['expected a Git clone, found none'];
  const problems = [];
  if (stdout !== '') problems.push('expected a clean working tree; commit or remove your changes');
  if (git('rev-parse', '--verify', '--quiet', `refs/tags/v${version}`).status === 0) {
    problems.push(`expected a new version, but the tag v${version} exists`);
  }
  return problems;
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
