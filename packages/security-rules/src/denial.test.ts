import { describeDenial } from './denial.js';
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
