/**
 * Asks Google's own Firestore emulator what a condition comes to, for the tests beside; no part of the
 * engine. `RULES_EMULATOR` says where it runs (host:port), `RULES_PROJECT` with which project's rules
 * that may be overwritten.
 */

/** What a test says of a request, as far as it matters here. */
interface Given {
  service?: string;
  method?: string;
  match?: string;
  request?: object;
  resource?: unknown;
}

const ADDRESS = process.env['RULES_EMULATOR'];
const PROJECT = process.env['RULES_PROJECT'] ?? 'demo-rules';

/** What rules know of a request by itself; other fields of it are the tests' own. */
const OWN = new Set(['auth', 'method', 'path', 'query', 'resource']);

/** Where the emulator is known to answer otherwise than the reference, which the engine follows. */
const DIFFERS: Record<string, readonly string[]> = {
  'functions of the reference that it does not have': [
    ...["bool('true') == true", "bool('false') == false", "bool('true')", "bool('false')"],
    'bool(true) && int(1) == 1 && float(1.0) == 1.0',
    ...['math.isInfinite(1.0 / 0.0)', 'math.isInfinite(1.0 / 0.0) == true'],
    ...['math.isInfinite(-1.0 / 0.0) == true', 'math.isInfinite(100) == false'],
  ],
  'in binds looser there than == and is, in the reference tighter': [
    ...["'a' in ['a','b'] == true", "'a' in ['a','b'].toSet() == true"],
    ...['1 in [1] is bool', '1 in [1] == true', '2 in [1] != true'],
  ],
  'ceil and floor give floats there': [
    'math.ceil(2.1) is int && math.floor(2.1) is int && math.round(2.1) is int',
  ],
  'nothing is a set there': ['{}.diff({}).affectedKeys() is set', '[].toSet() is set'],
  'its grammar has no exponents, \\U, -- and / without blanks': [
    ...['1e3 == 1000.0 && 1.5e-1 == 0.15', '1e3 is float && 1000 is int'],
    ...["'a\\x41\\u0042\\U00000043\\104' == 'aABCD'", '-2 * 3 == -6 && - -1 == 1'],
    ...['true || 1/0 == 1', '1/0 == 1 || true', '!(false && 1/0 == 1)', '!(1/0 == 1 && false)'],
  ],
  'it takes what the engine refuses, since the reference does not have it': [
    ...['.5 < 1.0', "{'a': 1, 'a': 2}.size() == 1", '1 is constraint'],
    ...["'abc'.split('') == ['a', 'b', 'c']", "'abc'.split('b' + '*') == ['a', 'c']"],
    ...["'abc'.replace('b*', '-') == ''", "'abc'.replace('b' + '?', '-') == ''"],
    "'a'.replace('a', 'b' + '\\\\1') == 'b'",
  ],
  'numbers beyond their type, an error here': [
    ...['int(0.0 / 0.0) == 0', '-9223372036854775808 / -1 > 0', 'math.floor(1.0 / 0.0) > 0'],
    'math.abs(-9223372036854775808) > 0',
  ],
  'one segment of a path may hold slashes there, an error here': [
    ...["/a/$('b/c') == /a/b/c", "/a/$('') == /a"],
  ],
};
const known = new Set(Object.values(DIFFERS).flat());

/** Whether the emulator is there and can be asked: for Storage and for writes it can't. */
export function canAsk({ service, method }: Given): boolean {
  return ADDRESS !== undefined && service === undefined && method === undefined;
}

/**
 * What the emulator says: true, false, or 'error' when the condition has no value or can't be loaded.
 * A difference that is known and still there counts as agreement.
 */
export async function agrees(condition: string, expected: unknown, given: Given): Promise<unknown> {
  const found = await ask(condition, given);
  const wanted = typeof expected === 'string' ? 'error' : expected;
  if (!known.has(condition)) return found === wanted ? expected : found;
  return found === wanted ? `no difference, though one is listed: ${condition}` : expected;
}

async function ask(condition: string, given: Given): Promise<boolean | 'error'> {
  const { data = {} } = (given.resource ?? {}) as { data?: object };
  const fields: Record<string, object> = Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, encoded(value)]),
  );
  let asked = condition;
  for (const [name, value] of Object.entries(given.request ?? {})) {
    if (OWN.has(name)) continue;
    // The request is the emulator's own: what a test adds to it goes into the document.
    const read = value instanceof Set ? `resource.data.${name}.toSet()` : `resource.data.${name}`;
    asked = asked.replaceAll(new RegExp(`\\brequest\\.${name}\\b`, 'g'), read);
    fields[name] = encoded(value);
  }
  const base = `http://${ADDRESS}`;
  const document = `${base}/v1/projects/${PROJECT}/databases/(default)/documents/docs/a`;
  const put = { method: 'PATCH', headers: { authorization: 'Bearer owner' } };
  await expectOk(await fetch(document, { ...put, body: JSON.stringify({ fields }) }));
  const match = given.match ?? '/{any=**}';
  const content = `rules_version = '2'; service cloud.firestore {
    match /databases/{database}/documents { match ${match} { allow get: if ${asked}; } } }`;
  const files = [{ name: 'a.rules', content }];
  const loaded = await fetch(`${base}/emulator/v1/projects/${PROJECT}:securityRules`, {
    method: 'PUT',
    body: JSON.stringify({ rules: { files } }),
  });
  await loaded.text();
  if (loaded.status === 400) return 'error';
  const { auth } = (given.request ?? {}) as { auth?: { uid: string; token?: object } };
  const headers = new Headers(auth && { authorization: `Bearer ${unsigned(auth)}` });
  const response = await fetch(document, { headers });
  const answer = await response.text();
  if (response.status === 200) return true;
  // It tries twice, at first without the document; the last word counts.
  const isFalse = /(^|, )false for 'get' @ L2$/.test(messageOf(answer));
  return response.status === 403 && isFalse ? false : 'error';
}

function messageOf(answer: string): string {
  return (JSON.parse(answer) as { error: { message?: string } }).error.message?.trim() ?? '';
}

async function expectOk(response: Response): Promise<void> {
  const answer = await response.text();
  if (!response.ok) throw new Error(`expected the emulator to take a document, found ${answer}`);
}

function unsigned({ uid, token }: { uid: string; token?: object }): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: uid, user_id: uid, iat: 1, exp: 4_000_000_000, ...token };
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`;
}

/** A value as Firestore's REST interface writes it. */
function encoded(value: unknown): object {
  if (value === null) return { nullValue: null };
  if (typeof value === 'boolean') return { booleanValue: value };
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'bigint') return { integerValue: String(value) };
  if (typeof value === 'number') {
    return Number.isInteger(value) ? { integerValue: String(value) } : { doubleValue: value };
  }
  if (value instanceof Date) return { timestampValue: value.toISOString() };
  if (Array.isArray(value) || value instanceof Set) {
    return { arrayValue: { values: [...(value as Iterable<unknown>)].map(encoded) } };
  }
  const entries = Object.entries(value as object).map(([key, item]) => [key, encoded(item)]);
  return { mapValue: { fields: Object.fromEntries(entries) as object } };
}
