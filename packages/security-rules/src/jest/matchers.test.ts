import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileRules } from '../index.js';
import { firestoreRules, storageRules } from '../testing.js';
import { loadRules, rulesMatchers, type RulesMatchers, type TestRequest } from './matchers.js';

expect.extend(rulesMatchers);

/** `expect` with the types of the matchers. */
function expectRules(rules: unknown): RulesMatchers & { not: RulesMatchers } {
  return expect(rules) as unknown as RulesMatchers & { not: RulesMatchers };
}

const rules = compileRules(
  storageRules(`
  match /photos/{uid}/{id} { allow get: if request.auth.uid == uid; }
  match /public/{id} { allow get; }`),
  'storage.rules',
);
const get = (path: string, uid?: string): TestRequest => ({
  method: 'get',
  path: `/b/bucket/o/${path}`,
  auth: uid === undefined ? null : { uid },
});

test('pass for the decision that they name', async () => {
  await expectRules(rules).toAllow(get('photos/alice/1', 'alice'));
  await expectRules(rules).toDeny(get('photos/alice/1', 'bob'));
  await expectRules(rules).toDeny(get('elsewhere'));
  await expectRules(rules).not.toDeny(get('public/1'));
  await expectRules(rules).not.toAllow(get('photos/alice/1'));
});

test.each<[title: string, run: () => Promise<unknown>, message: string]>([
  [
    'toAllow for a condition that is false',
    () => expectRules(rules).toAllow(get('photos/alice/1', 'bob')),
    `expected storage.rules to allow get /b/bucket/o/photos/alice/1 (as bob), found it denied:
    storage.rules:3:30 request.auth.uid == uid is false (3:44)`,
  ],
  [
    'toAllow for a path without a statement',
    () => expectRules(rules).toAllow(get('elsewhere')),
    `expected storage.rules to allow get /b/bucket/o/elsewhere (signed out), found it denied:
    storage.rules has no 'allow get' for this path`,
  ],
  [
    'toDeny',
    () => expectRules(rules).toDeny(get('photos/alice/1', 'alice')),
    `expected storage.rules to deny get /b/bucket/o/photos/alice/1 (as alice), found it allowed:
    storage.rules:3:30 the condition is true`,
  ],
  [
    'not.toAllow',
    () => expectRules(rules).not.toAllow(get('public/1')),
    `expected storage.rules to deny get /b/bucket/o/public/1 (signed out), found it allowed:
    storage.rules:4:24 there is no condition`,
  ],
  [
    'not.toDeny',
    () => expectRules(rules).not.toDeny(get('elsewhere')),
    `expected storage.rules to allow get /b/bucket/o/elsewhere (signed out), found it denied:
    storage.rules has no 'allow get' for this path`,
  ],
])('%s fails with the reason', async (_title, run, message) => {
  await expect(run()).rejects.toThrow(message);
});

test.each<[title: string, received: unknown, request: object, message: string]>([
  ['no rules', 'storage.rules', get('a'), 'toDeny: expected rules from loadRules(FILE), found'],
  ['a misspelled field', rules, { ...get('a'), tokens: {} }, 'toDeny: expected only the fields'],
  ['no auth', rules, { method: 'get', path: '/b/b/o/a' }, 'toDeny: auth: expected null or {'],
  [
    'another service',
    rules,
    { ...get('a'), path: '/databases/(default)/documents/a/b' },
    'toDeny: path: expected one of firebase.storage, found "cloud.firestore"',
  ],
])('with %s toDeny does not pass', async (_title, received, request, message) => {
  await expect(expectRules(received).toDeny(request as TestRequest)).rejects.toThrow(message);
  await expect(expectRules(received).not.toDeny(request as TestRequest)).rejects.toThrow(message);
});

describe('loadRules', () => {
  let folder: string;
  const unknown = firestoreRules('match /a/{b} { allow get: if isMissing(); }');
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'matchers-'));
    writeFileSync(join(folder, 'firestore.rules'), unknown);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('refuses an unknown function, so that a test does not pass because of it', () => {
    expect(() => loadRules(join(folder, 'firestore.rules'))).toThrow("found 'isMissing'");
  });

  test('prints a warning when it is not strict', async () => {
    const warn = jest.spyOn(console, 'warn').mockReturnValue();
    const loaded = loadRules(join(folder, 'firestore.rules'), { strict: false });
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining('Invalid function name: isMissing.')],
    ]);
    warn.mockRestore();
    await expectRules(loaded).toDeny({
      method: 'get',
      path: '/databases/(default)/documents/a/b',
      auth: null,
    });
  });
});
