/** What a developer sees of the rules: warnings when they are loaded, and why a request was denied. */
import { startFirestoreEmulator, type Issue } from '../index.js';
import { PROJECT, unsignedToken } from '../testing.js';

const RULES = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /mine/{uid} {
      allow get: if request.auth != null && request.auth.uid == uid;
      allow get: if request.auth.token.admin;
    }
    match /broken/{id} { allow get: if isMissing() || id == 'a'; }
  }
}`;

let emulator: Awaited<ReturnType<typeof startFirestoreEmulator>>;
const warnings: Issue[] = [];

beforeAll(async () => {
  emulator = await startFirestoreEmulator({
    host: '127.0.0.1',
    port: 0,
    projectId: PROJECT,
    rules: [{ database: '(default)', source: RULES, file: 'firestore.rules' }],
    onWarning: (issue) => warnings.push(issue),
  });
});
afterAll(() => emulator.stop());

/** Gets a document as the user bob; the status and the error message. */
async function get(path: string): Promise<{ status: number; message?: string | undefined }> {
  const url = `http://127.0.0.1:${emulator.port}/v1/projects/${PROJECT}/databases/(default)/documents/${path}`;
  const headers = { Authorization: `Bearer ${unsignedToken('bob')}` };
  const response = await fetch(url, { headers });
  const { error } = (await response.json()) as { error?: { message: string } };
  return { status: response.status, message: error?.message };
}

test('rules with a warning are in force, and the warning is reported', async () => {
  expect(warnings).toMatchObject([
    {
      severity: 'WARNING',
      description: 'Invalid function name: isMissing.',
      sourcePosition: { fileName: 'firestore.rules', line: 8, column: 40 },
    },
  ]);
  expect(await get('broken/a')).toMatchObject({ status: 404 });
  expect(await get('broken/b')).toEqual({
    status: 403,
    message: `
evaluation error at L8:40 for 'get' @ L8
L8: because error at 8:40: there is no function 'isMissing'`,
  });
});

test('a denied client learns the statement and the operand', async () => {
  expect(await get('mine/alice')).toEqual({
    status: 403,
    message: `
false for 'get' @ L5, evaluation error at L6:21 for 'get' @ L6
L5: because request.auth.uid == uid is false (5:45)
L6: because error at 6:21: property 'admin' is undefined`,
  });
  expect((await get('elsewhere/a')).message).toBe("No matching allow statements for 'get'");
});
