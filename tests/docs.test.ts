/** The documentation agrees with the files: examples, parameters, links, paths, code. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { parse } from 'yaml';
import { DEFAULTS, parseConfig } from '../functions/src/config/config.js';
import { PARAMETERS, type ParameterName } from '../functions/src/config/parameter-table.js';
import { MAX_ATTEMPT_MS } from '../functions/src/domain/attempt-id.js';
import { MAX_UPLOADS, UPLOADS_PER_OWNER } from '../functions/src/domain/tasks.js';
import { RETRY_DELAY, WAIT_DELAY } from '../functions/src/lifecycle/process-upload.js';
import { RETRY_WINDOW_MS } from '../functions/src/lifecycle/retry.js';
import { IMAGE_FAILURES } from '../functions/src/errors.js';
import { readCases } from '../packages/security-rules/src/tool/cases.js';
import { evaluateCases } from '../packages/security-rules/src/tool/evaluate.js';
import { compileRules } from '../packages/security-rules/src/index.js';
import {
  anchorsOf,
  codeBlocksOf,
  codeSpansOf,
  linksOf,
  listFiles,
  readPages,
  ROOT,
  type Page,
} from './support/documentation.js';
import { runExample, typeErrorsIn } from './support/examples.js';

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const pages = readPages();
const pageAt = new Map(pages.map((page) => [page.path, page]));

function textOf(path: string): string {
  return pageAt.get(path)?.text ?? '';
}

test('the example of rules cases has the results it expects', async () => {
  const path = 'docs/guides/testing-rules.md';
  const example = codeBlocksOf({ path, text: textOf(path) }).find(
    ({ language, code }) => language === 'json' && code.startsWith('['),
  );
  const ruleset = compileRules(read('storage.rules'), 'storage.rules');
  const results = await evaluateCases(ruleset, readCases(example?.code ?? '', path));
  expect(results.map(({ ok }) => ok)).toEqual([true]);
});

test('the parameters page has every parameter with its default', () => {
  const lines = textOf('docs/reference/parameters.md').split('\n');
  const special: Record<string, RegExp> = {
    BUCKET: /default bucket|STORAGE_BUCKET/,
    PUBLIC_BASE_URL: /the function's own URL/,
    TRUSTED_PROXIES: /none/,
  };
  const shown = (name: ParameterName, value: string) =>
    value === '' ? (PARAMETERS[name].defaultText ?? '?') : `\`${value}\``;
  const missing = Object.entries(DEFAULTS).filter(
    ([name, value]) =>
      !lines.some(
        (line) =>
          line.includes(`\`${name}\``) &&
          (special[name]?.test(line) ?? line.includes(shown(name as ParameterName, value))),
      ),
  );
  expect(missing).toEqual([]);
});

test('the values of the page about the choice of settings are valid', () => {
  const rows = [...textOf('docs/choose.md').matchAll(/^\| `([A-Z_]+)` \| `([^`]+)`/gm)];
  expect(rows.length).toBeGreaterThan(5);
  for (const [, name = '', value = ''] of rows) {
    expect(() =>
      parseConfig({ BUCKET: 'bucket', GCLOUD_PROJECT: 'p', [name]: value }),
    ).not.toThrow();
    expect(Object.keys(PARAMETERS)).toContain(name);
  }
});

test('the errors page has every failure code with its message', () => {
  const page = textOf('docs/reference/errors.md');
  const failures = Object.entries<string | { publicMessage: string }>(IMAGE_FAILURES);
  for (const [code, failure] of failures) {
    expect(page).toContain(`\`${code}\``);
    expect(page).toContain(typeof failure === 'string' ? failure : failure.publicMessage);
  }
});

test('the pages state the limits and delays of processing as they are', () => {
  const minutes = (ms: number) => `${ms / 60_000} minutes`;
  const seconds = (ms: number) => `${ms / 1000} seconds`;
  const statements: [page: string, ...string[]][] = [
    [
      'docs/design/lifecycle.md',
      `runs ${MAX_UPLOADS} uploads at a time, one per instance, and ${UPLOADS_PER_OWNER} of one owner`,
      `after ${seconds(RETRY_DELAY.min)}, doubled each time up to ${minutes(RETRY_DELAY.max)}; ` +
        `${minutes(RETRY_WINDOW_MS)} after the first attempt`,
      `after ${WAIT_DELAY.share * 100} % of the time that it has waited, ` +
        `at least ${seconds(WAIT_DELAY.min)} and at most ${minutes(WAIT_DELAY.max)}`,
      `at most ${minutes(MAX_ATTEMPT_MS)} if that one died`,
    ],
    [
      'docs/design/architecture.md',
      `${UPLOADS_PER_OWNER} of ${MAX_UPLOADS}: an upload above it`,
      `simulated, ${MAX_UPLOADS} instances:`,
    ],
    [
      'docs/guides/security.md',
      `at most ${UPLOADS_PER_OWNER} of the ${MAX_UPLOADS} places in the queue`,
    ],
  ];
  for (const [page, ...expected] of statements) {
    const text = textOf(page).replaceAll(/\s+/g, ' ');
    for (const statement of expected) expect(text).toContain(statement);
  }
});

test('the architecture page and extension.yaml name the same functions', () => {
  const { resources } = parse(read('extension.yaml')) as { resources: { name: string }[] };
  const table = textOf('docs/design/architecture.md').match(
    /^\| `\w+` \| (?:Storage|task|callable|HTTPS)/gm,
  );
  const named = table?.map((row) => /`(\w+)`/.exec(row)?.[1]).sort();
  expect(named).toEqual(resources.map(({ name }) => name).sort());
});

test('each attack of the threat model names tests that exist', () => {
  const [, attacks = ''] =
    /\n## Attacks on privacy\n(.*)\n## What is not protected\n/s.exec(
      textOf('docs/guides/security.md'),
    ) ?? [];
  const sections = attacks.split(/\n### /).slice(1);
  expect(sections.length).toBeGreaterThan(10);
  for (const section of sections) {
    const [, links = ''] = /\n- \*\*Tests\*\*: (.*)/s.exec(section) ?? [];
    const files = [...links.matchAll(/\]\((?:\.\.\/)+([^)]+\.test\.ts)\)/g)].map(
      ([, file = '']) => file,
    );
    expect([section.split('\n')[0], files.length > 0]).toEqual([expect.anything(), true]);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  }
});

test('README has at most 1,200 words, and its app code begins by line 60', () => {
  const text = textOf('README.md');
  expect(text.split(/\s+/).filter(Boolean).length).toBeLessThanOrEqual(1200);
  const lines = text.split('\n');
  expect(lines.indexOf('```ts')).toBeGreaterThan(0);
  expect(lines.indexOf('```ts') + 2).toBeLessThanOrEqual(60);
});

describe.each(pages)('$path', (page: Page) => {
  test('relative links and anchors resolve', () => {
    expect(linksOf(page).flatMap((target) => problemOfLink(page, target) ?? [])).toEqual([]);
  });

  test('paths in code spans exist', () => {
    expect(codeSpansOf(page).flatMap(({ code }) => missingPath(code) ?? [])).toEqual([]);
  });

  test('JSON examples parse', () => {
    for (const { language, code } of codeBlocksOf(page)) {
      if (language === 'json') expect(() => JSON.parse(code) as unknown).not.toThrow();
    }
  });
});

/** @returns what is wrong with a link's target, or undefined */
function problemOfLink({ path }: Page, target: string): string | undefined {
  if (/^[a-z]+:/i.test(target)) return undefined;
  const [file = '', anchor] = target.split('#', 2);
  const resolved = file === '' ? path : posix.normalize(posix.join(dirname(path), file));
  if (!existsSync(join(ROOT, resolved))) return `${target}: no such file`;
  if (anchor === undefined) return undefined;
  const linked = pageAt.get(resolved);
  return linked && anchorsOf(linked).has(anchor) ? undefined : `${target}: no such heading`;
}

/** A path from the root, or the name of a source file somewhere in the repository. */
const PATH =
  /^(?:functions|packages|examples|tools|tests|bench|docs|\.github|\.ci)(?:\/[\w.@-]+)*\/?$/;
const SOURCE_FILE = /^[\w-]+(?:\.[\w-]+)*\.(?:ts|mts|mjs|cjs|rules|yaml)$/;
/** Written by a command. */
const GENERATED = /^(?:functions|packages\/[\w-]+)\/lib\/|^bench\/out\//;

const files = listFiles();
const names = new Set(files.map((file) => basename(file)));

/** @returns the path that a code span names, if it does not exist */
function missingPath(code: string): string | undefined {
  if (GENERATED.test(code)) return undefined;
  if (code.includes('/') && PATH.test(code)) {
    const isThere = existsSync(join(ROOT, code));
    return isThere && (!code.endsWith('/') || statSync(join(ROOT, code)).isDirectory())
      ? undefined
      : code;
  }
  return SOURCE_FILE.test(code) && !names.has(code) ? code : undefined;
}

test.each([
  ['functions/src/nothing.ts', 'functions/src/nothing.ts'],
  ['scripts.ts', 'scripts.ts'],
  ['functions/src/functions.ts', undefined],
  ['cache-control.ts', undefined],
  ['functions/lib/cli/main.js', undefined],
  ['image/webp', undefined],
])('the check of paths finds %s missing: %s', (code, missing) => {
  expect(missingPath(code)).toBe(missing);
});

test.each([
  ['docs/nothing.md', 'docs/nothing.md: no such file'],
  ['docs/guides/install.md#nothing', 'docs/guides/install.md#nothing: no such heading'],
  ['#nothing', '#nothing: no such heading'],
  ['#install', undefined],
  ['https://example.com/nothing', undefined],
])('the check of links says of %s: %s', (target, problem) => {
  expect(problemOfLink({ path: 'README.md', text: '' }, target)).toBe(problem);
});

test('"To change X, edit Y" has one existing place in each row', () => {
  const section = textOf('docs/design/architecture.md').split('## To change X, edit Y')[1] ?? '';
  const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| (.+?) \| (.+?) \|/gm)].slice(1);
  const subjects = [
    "a variant's grammar",
    'a format',
    'a cache rule',
    "a parameter's default",
    'a failure message',
    'a rule of `storage.rules`',
    'the retry policy of storage events',
    'the retry policy of a task queue',
    'the fields of a log line',
    "an emulator's behavior",
  ];
  expect(rows.map(([, subject]) => subject)).toEqual(subjects);
  for (const [, , place = ''] of rows) {
    expect(place).toMatch(/^\[[^\]]+\]\([^)]+\)$/);
    const [, label = '', target = ''] = /^\[(.+)\]\((.+)\)$/.exec(place) ?? [];
    expect(posix.join('docs/design', target)).toBe(label);
    expect(existsSync(join(ROOT, label))).toBe(true);
  }
});

test('TypeScript examples type-check', () => {
  const examples = pages.flatMap((page) =>
    codeBlocksOf(page)
      .filter(({ language }) => language === 'ts')
      .map(({ code }) => ({ page: page.path, code })),
  );
  expect(examples.length).toBeGreaterThan(4);
  expect(typeErrorsIn(examples)).toEqual([]);
}, 120_000);

test('the type check of examples finds errors', () => {
  const code =
    "import { getStorage } from 'firebase/storage';\nexport const wrong: number = getStorage();\n";
  expect(typeErrorsIn([{ page: 'page.md', code }])).toEqual([
    expect.stringContaining("page.md: Type 'FirebaseStorage' is not assignable to type 'number'"),
  ]);
}, 120_000);

// That of README.md runs in Chromium: tests/browser/readme-snippet.test.ts.
test.each(['docs/guides/app.md'])('the app code of %s uploads, waits and shows', async (path) => {
  const block = codeBlocksOf({ path, text: textOf(path) }).find(
    ({ language }) => language === 'ts',
  );
  const uploads: unknown[] = [];
  const watched: string[] = [];
  let listener: (snapshot: { data: () => unknown }) => void = () => {};
  const { uploadPhoto } = runExample(block?.code ?? '', {
    'firebase/storage': {
      getStorage: () => 'storage',
      ref: (_storage: unknown, name: string) => name,
      uploadBytes: (name: string, data: unknown) => Promise.resolve(uploads.push([name, data])),
    },
    'firebase/firestore': {
      getFirestore: () => 'firestore',
      doc: (_firestore: unknown, name: string) => name,
      onSnapshot: (name: string, next: typeof listener) => {
        watched.push(name);
        listener = next;
      },
    },
  }) as { uploadPhoto: (...args: unknown[]) => Promise<void> };
  const img = { src: '', alt: '' };
  await uploadPhoto('alice', 'cat', 'bytes', img);
  expect(uploads).toEqual([['originals/alice/cat', 'bytes']]);
  expect(watched).toEqual(['users/alice/images/cat']);
  for (const record of [undefined, { state: 'processing', token: 'spv_x' }]) {
    listener({ data: () => record });
    expect(img).toEqual({ src: '', alt: '' });
  }
  listener({
    data: () => ({ state: 'failed', error: { code: 'empty-file', message: 'Empty.' } }),
  });
  expect(img).toEqual({ src: '', alt: 'Empty.' });
  listener({ data: () => ({ state: 'ready', token: 'spv_x' }) });
  expect(img.src).toBe('https://YOUR-SITE/i/spv_x/w800');
});
