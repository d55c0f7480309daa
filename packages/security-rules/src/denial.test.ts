import { denialMessage, describeDenial } from './denial.js';
import { compileRules, fromJson } from './index.js';
import { storageRules } from './testing.js';

const FILE = 'storage.rules';
const rules = storageRules(`match /originals/{uid}/{id} {
  allow get: if request.auth != null && request.auth.uid == uid;
  allow get: if request.auth.token.admin;
}`);

async function denial(path: string, uid?: string): Promise<string> {
  const target = { service: 'firebase.storage', method: 'get', path: path.split('/') } as const;
  const auth = uid === undefined ? null : { uid, token: {} };
  const request = fromJson({ auth });
  const ruleset = compileRules(rules, FILE);
  const { allowed, tried } = await ruleset.evaluate({
    ...target,
    request,
    resource: fromJson(null),
  });
  expect(allowed).toBe(false);
  return describeDenial({ ...target, ...(uid !== undefined && { uid }), file: FILE, tried });
}

test('describes the request and why each evaluated allow statement was not true', async () => {
  expect(await denial('b/bucket/o/originals/alice/1', 'bob')).toBe(
    `denied by the rules of firebase.storage: get /b/bucket/o/originals/alice/1 (as bob)
    storage.rules:3:3 request.auth.uid == uid is false (3:41)
    storage.rules:4:3 error at 4:17: property 'admin' is undefined`,
  );
});

test('reports that no statement applies to the path and that the request is signed out', async () => {
  expect(await denial('b/bucket/o/elsewhere')).toBe(
    `denied by the rules of firebase.storage: get /b/bucket/o/elsewhere (signed out)
    storage.rules has no 'allow get' for this path`,
  );
});

describe('the message for the client', () => {
  const tried = async (rules: string, uid?: string) => {
    const ruleset = compileRules(rules, FILE);
    const { tried } = await ruleset.evaluate({
      service: 'firebase.storage',
      method: 'get',
      path: ['b', 'bucket', 'o', 'originals', 'alice', '1'],
      request: fromJson({ auth: uid === undefined ? null : { uid, token: {} } }),
      resource: fromJson(null),
    });
    return tried;
  };

  test('has the line of Google and the operand that decided', async () => {
    expect(denialMessage({ method: 'get', tried: await tried(rules, 'bob') })).toBe(`
false for 'get' @ L3, evaluation error at L4:17 for 'get' @ L4
L3: because request.auth.uid == uid is false (3:41)
L4: because error at 4:17: property 'admin' is undefined`);
  });

  test('names both operands of || and the branch of a conditional', async () => {
    const either = storageRules(`match /originals/{uid}/{id} {
  allow get: if request.auth == null || (id == '2' ? true : uid == 'bob');
}`);
    expect(denialMessage({ method: 'get', tried: await tried(either, 'bob') })).toBe(`
false for 'get' @ L3
L3: because request.auth == null is false (3:17), uid == 'bob' is false (3:61)`);
  });

  test('says that no statement applies', () => {
    expect(denialMessage({ method: 'get', tried: [] })).toBe(
      "No matching allow statements for 'get'",
    );
  });

  test('has a bounded length and no token', () => {
    const token = `eyJhbGciOiJub25lIn0.${'a'.repeat(50)}.`;
    const trace = { line: 1, column: 1, allowed: false, why: `${token} ${'x'.repeat(1000)}` };
    const message = denialMessage({ method: 'get', tried: Array(500).fill(trace) as [] });
    expect(message).toContain('and 490 more');
    expect(message).toContain('[token]');
    expect(message).not.toContain('eyJ');
    expect(message.length).toBeLessThan(4000);
  });
});
