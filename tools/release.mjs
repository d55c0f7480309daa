/**
 * `npm run release`: checks that a release is consistent, then tags it. Publishing is a manual step,
 * because it needs an account; the commands are printed.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const USAGE = `npm run release [-- --check | --published]

Checks that functions/package.json, extension.yaml and the newest section of CHANGELOG.md have the same
version, that CHANGELOG.md has no unreleased entries and that the working tree is clean. Then creates
the tag vVERSION.
--check       checks only, creates no tag
--published   after npm publish: lets the documentation name the packages instead of their tarballs
`;

/** Packages that can be installed by name. The documentation must not name others: tests/published.test.ts. */
const PUBLISHED = 'tools/published.json';
/** In the order in which they must be published: each needs the ones before. */
const PACKAGES = [
  'firebase-rules-check',
  'firebase-local-stack',
  'storage-public-variants',
  'storage-public-variants-client',
];

/** @returns the exit code: 0 when tagged (or checked), 1 when something is inconsistent */
function main() {
  const { values } = parseArgs({
    options: {
      check: { type: 'boolean', default: false },
      published: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (values.published) {
    const changed = namePackages();
    process.stdout.write(`changed:\n${changed.map((file) => `- ${file}\n`).join('')}`);
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
${PACKAGES.map((name) => `  npm publish .local/packages/${name}-${packageVersion(name)}.tgz\n`).join('')}\
  gh release create v${version} --notes-from-tag .local/packages/*.tgz
  npm run release -- --published
Then commit what the last command has changed.
`);
  return 0;
}

function packageVersion(name) {
  const folders = [
    'functions',
    ...readdirSync(join(root, 'packages')).map((it) => `packages/${it}`),
  ];
  const manifests = folders.map((folder) => JSON.parse(read(`${folder}/package.json`)));
  return manifests.find((manifest) => manifest.name === name)?.version;
}

/** Replaces each tarball of a command by the name of its package; `npx` needs no `--package` then. */
function namePackagesIn(line) {
  if (!line.includes('.local/packages/')) return line;
  const words = line.split(' ');
  const name = (word) =>
    /^([a-z-]+)-\d[\w.-]*\.tgz$/.exec(word.split('.local/packages/')[1] ?? '')?.[1];
  return words
    .filter((word, i) => !(word === '--package' && name(words[i + 1])))
    .filter((word, i, rest) => !(name(word) && rest.slice(0, i + 1).includes('npx')))
    .map((word) => name(word) ?? word)
    .join(' ');
}

/**
 * Writes the list of published packages, and replaces their tarballs in the documentation.
 * @returns the changed files
 */
function namePackages() {
  writeFileSync(join(root, PUBLISHED), `${JSON.stringify(PACKAGES, null, 2)}\n`);
  const pages = git('ls-files', '*.md').stdout.split('\n').filter(Boolean);
  const changed = pages.filter((page) => {
    const text = read(page);
    const named = text
      .replaceAll(/^<!-- not published -->\n[^]*?^<!-- \/not published -->\n\n?/gm, '')
      .split('\n')
      .map(namePackagesIn)
      .join('\n');
    if (named !== text) writeFileSync(join(root, page), named);
    return named !== text;
  });
  return [PUBLISHED, ...changed];
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
