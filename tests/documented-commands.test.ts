/** Commands in the documentation: each is run by a test as written, or its script and options exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { commandsOf, readPages, ROOT, type Command } from './support/documentation.js';
import {
  needsAccount,
  NOT_RUN,
  problemOf,
  RUN,
  RUN_IN_PROJECT,
  SCRIPTS,
  START,
  START_GUIDE,
} from './support/documented-commands.js';

const pages = readPages();
const commands = pages
  .filter(({ path }) => path !== START_GUIDE && !SCRIPTS.includes(path))
  .flatMap(commandsOf);
const byText = new Map<string, Command[]>();
for (const command of commands) {
  byText.set(command.text, [...(byText.get(command.text) ?? []), command]);
}

test('the documentation has commands', () => {
  expect(byText.size).toBeGreaterThan(30);
});

// Help texts of npm and firebase-tools take seconds.
test.each([...byText.keys()])(
  '`%s` exists with its options',
  (text) => {
    expect({ problem: problemOf(text), pages: byText.get(text) }).toMatchObject({
      problem: undefined,
    });
  },
  60_000,
);

test.each([...byText.keys()].filter(needsAccount))('`%s` is marked "needs an account"', (text) => {
  const unmarked = byText.get(text)?.filter((command) => !command.needsAccount);
  expect(unmarked).toEqual([]);
});

test('every npm script is run as written, or has a reason why not', () => {
  const scripts = [...byText.keys()]
    .filter((text) => !RUN.includes(text))
    .flatMap(
      (text) => /^npm (?:run (?:--silent )?)?(start|test|(?<=run .*)[\w:]+)/.exec(text)?.[1] ?? [],
    );
  expect(scripts.length).toBeGreaterThan(15);
  expect(scripts.filter((script) => !(script in NOT_RUN))).toEqual([]);
});

test('the workflows pin actions by major version, and their commands exist', () => {
  const folder = join(ROOT, '.github/workflows');
  const steps = readdirSync(folder).flatMap((file) => {
    const { jobs } = parse(readFileSync(join(folder, file), 'utf8')) as {
      jobs: Record<string, { steps: { uses?: string; run?: string }[] }>;
    };
    return Object.values(jobs).flatMap((job) => job.steps);
  });
  for (const { uses } of steps) expect(uses ?? 'actions/none@v1').toMatch(/^actions\/[\w-]+@v\d+$/);
  const problems = steps.flatMap(({ run }) =>
    run === undefined || existsSync(join(ROOT, run)) ? [] : (problemOf(run) ?? []),
  );
  expect(steps.length).toBeGreaterThan(6);
  expect(problems).toEqual([]);
});

test('every command that tests run is in the documentation', () => {
  const run = [...RUN, ...RUN_IN_PROJECT, START];
  expect(run.filter((text) => !byText.has(text))).toEqual([]);
});

test('a page that is a script says that it needs an account', () => {
  for (const path of SCRIPTS) {
    const text = pages.find((page) => page.path === path)?.text ?? '';
    expect([path, /needs an account/i.test(text.split('```sh')[0] ?? '')]).toEqual([path, true]);
  }
});

test('every command of the tarballs is run', () => {
  const fromTarballs = [...byText.keys()].filter((text) => text.startsWith('npx --yes --package '));
  expect(fromTarballs.filter((text) => ![...RUN_IN_PROJECT, START].includes(text))).toEqual([]);
});

test.each([
  ['npm run nothing', 'package.json has no script "nothing"'],
  ['npm start --once photo.jpg', 'arguments of a script must follow "--"'],
  ['npm start -- --onec photo.jpg', 'the help text has no --onec'],
  ['npm test -- units', 'the help of "test" has no "units"'],
  ['npm run bench -- server', 'the help of "bench" has no "server"'],
  ['npx storage-public-variants doctor --repair', 'the help text has no --repair'],
  ['npx --yes --package x.tgz storage-public-variants init --dry', 'the help text has no --dry'],
  ['npx firebase-local-stack stop', 'firebase-local-stack has no "stop"'],
  ['gcloud run services delete x', 'no check knows "gcloud run services delete x"'],
  ['npx storage-public-variants repair', 'the command line tool has no "repair"'],
  ['node functions/lib/cli.js doctor', 'functions/src/cli.ts does not exist'],
  ['firebase deploy --onyl functions', 'the help text has no --onyl'],
  ['npm publish --acces public', 'the help text has no --acces'],
  ['rm -rf lib', 'no check knows the program "rm"'],
])(
  '`%s` is reported',
  (text, problem) => {
    expect(problemOf(text)).toBe(problem);
  },
  60_000,
);
