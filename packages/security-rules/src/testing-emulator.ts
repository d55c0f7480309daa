/**
 * Evaluates conditions with Google's Firestore emulator to compare it with the engine. Test helper, not
 * part of the engine. `RULES_EMULATOR` is the host and port of the emulator, `RULES_PROJECT` the project
 * whose rules and documents may be overwritten.
 */

/** The parts of a test request that the emulator supports. */
interface RequestOptions {
  service?: string;
  method?: string;
  match?: string;
  request?: object;
  resource?: unknown;
}

const ADDRESS = process.env['RULES_EMULATOR'];
const PROJECT = process.env['RULES_PROJECT'] ?? 'demo-rules';

/** The fields that the emulator sets in a request. The tests add other fields. */
const REQUEST_FIELDS = new Set(['auth', 'method', 'path', 'query', 'resource']);

/** Known differences of the emulator from the reference. The engine follows the reference. */
const DIFFERENCES: Record<string, readonly string[]> = {
  'functions that the emulator does not have': [
    ...["bool('true') == true", "bool('false') == false", "bool('true')", "bool('false')"],
    'bool(true) && int(1) == 1 && float(1.0) == 1.0',
    ...['math.isInfinite(1.0 / 0.0)', 'math.isInfinite(1.0 / 0.0) == true'],
    ...['math.isInfinite(-1.0 / 0.0) == true', 'math.isInfinite(100) == false'],
  ],
  '`in` has a lower precedence than `==` and `is`; in the reference a higher one': [
    ...["'a' in ['a','b'] == true", "'a' in ['a','b'].toSet() == true"],
    ...['1 in [1] is bool', '1 in [1] == true', '2 in [1] != true'],
  ],
  'ceil and floor return floats': [
    'math.ceil(2.1) is int && math.floor(2.1) is int && math.round(2.1) is int',
  ],
  'no value is a set': ['{}.diff({}).affectedKeys() is set', '[].toSet() is set'],
  'the grammar has no exponents, no \\U, and no `--` and `/` without spaces': [
    ...['1e3 == 1000.0 && 1.5e-1 == 0.15', '1e3 is float && 1000 is int'],
    ...["'a\\x41\\u0042\\U00000043\\104' == 'aABCD'", '-2 * 3 == -6 && - -1 == 1'],
    ...['true || 1/0 == 1', '1/0 == 1 || true', '!(false && 1/0 == 1)', '!(1/0 == 1 && false)'],
  ],
  'accepts syntax that is not in the reference and that the engine rejects': [
    ...['.5 < 1.0', "{'a': 1, 'a': 2}.size() == 1", '1 is constraint'],
    ...["'abc'.split('') == ['a', 'b', 'c']", "'abc'.split('b' + '*') == ['a', 'c']"],
    ...["'abc'.replace('b*', '-') == ''", "'abc'.replace('b' + '?', '-') == ''"],
    "'a'.replace('a', 'b' + '\\\\1') == 'b'",
  ],
  'numbers outside the range of their type; an error in the engine': [
    ...['int(0.0 / 0.0) == 0', '-9223372036854775808 / -1 > 0', 'math.floor(1.0 / 0.0) > 0'],
    'math.abs(-9223372036854775808) > 0',
  ],
  'a path segment may contain slashes; an error in the engine': [
    ...["/a/$('b/c') == /a/b/c", "/a/$('') == /a"],
  ],
};
const knownDifferences = new Set(Object.values(DIFFERENCES).flat());

/** Whether an emulator is configured and supports the request; it supports only Firestore reads. */
export function canUseEmulator({ service, method }: RequestOptions): boolean {
  return ADDRESS !== undefined && service === undefined && method === undefined;
}

/**
 * Compares the emulator's result with the expected one. The result is true, false, or 'error' if the
 * condition fails or can't be loaded. A known difference that still exists counts as equal.
 * @returns `expected` if they are equal, otherwise the emulator's result or a message
 */
export async function compareWithEmulator(
  condition: string,
  expected: unknown,
  options: RequestOptions,
): Promise<unknown> {
  const actual = await evaluateWithEmulator(condition, options);
  const expectedResult = typeof expected === 'string' ? 'error' : expected;
  if (!knownDifferences.has(condition)) return actual === expectedResult ? expected : actual;
  return actual === expectedResult
    ? `expected a known difference, found none: ${condition}`
    : expected;
}

async function evaluateWithEmulator(
  condition: string,
  options: RequestOptions,
): Promise<boolean | 'error'> {
  const { data = {} } = (options.resource ?? {}) as { data?: object };
  const fields: Record<string, object> = Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, encodeValue(value)]),
  );
  let rewritten = condition;
  for (const [name, value] of Object.entries(options.request ?? {})) {
    if (REQUEST_FIELDS.has(name)) continue;
    // The emulator creates the request, so the fields that a test adds are moved to the document.
    const read = value instanceof Set ? `resource.data.${name}.toSet()` : `resource.data.${name}`;
    rewritten = rewritten.replaceAll(new RegExp(`\\brequest\\.${name}\\b`, 'g'), read);
    fields[name] = encodeValue(value);
  }
  const base = `http://${ADDRESS}`;
  const document = `${base}/v1/projects/${PROJECT}/databases/(default)/documents/docs/a`;
  const write = { method: 'PATCH', headers: { authorization: 'Bearer owner' } };
  await expectOk(await fetch(document, { ...write, body: JSON.stringify({ fields }) }));
  const match = options.match ?? '/{any=**}';
  const content = `rules_version = '2'; service cloud.firestore {
    match /databases/{database}/documents { match ${match} { allow get: if ${rewritten}; } } }`;
  const files = [{ name: 'a.rules', content }];
  const loaded = await fetch(`${base}/emulator/v1/projects/${PROJECT}:securityRules`, {
    method: 'PUT',
    body: JSON.stringify({ rules: { files } }),
  });
  await loaded.text();
  if (loaded.status === 400) return 'error';
  const { auth } = (options.request ?? {}) as { auth?: { uid: string; token?: object } };
  const headers = new Headers(auth && { authorization: `Bearer ${unsignedToken(auth)}` });
  const response = await fetch(document, { headers });
  const body = await response.text();
  if (response.status === 200) return true;
  // The emulator evaluates twice, first without the document; the last result counts.
  const isFalse = /(^|, )false for 'get' @ L2$/.test(messageOf(body));
  return response.status === 403 && isFalse ? false : 'error';
}

function messageOf(body: string): string {
  return (JSON.parse(body) as { error: { message?: string } }).error.message?.trim() ?? '';
}

async function expectOk(response: Response): Promise<void> {
  const body = await response.text();
  if (!response.ok) throw new Error(`expected the emulator to write the document, found ${body}`);
}

function unsignedToken({ uid, token }: { uid: string; token?: object }): string {
  const encodePart = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: uid, user_id: uid, iat: 1, exp: 4_000_000_000, ...token };
  return `${encodePart({ alg: 'none', typ: 'JWT' })}.${encodePart(claims)}.`;
}

/** Encodes a value for Firestore's REST API. */
function encodeValue(value: unknown): object {
  if (value === null) return { nullValue: null };
  if (typeof value === 'boolean') return { booleanValue: value };
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'bigint') return { integerValue: String(value) };
  if (typeof value === 'number') {
    return Number.isInteger(value) ? { integerValue: String(value) } : { doubleValue: value };
  }
  if (value instanceof Date) return { timestampValue: value.toISOString() };
  if (Array.isArray(value) || value instanceof Set) {
    return { arrayValue: { values: [...(value as Iterable<unknown>)].map(encodeValue) } };
  }
  const entries = Object.entries(value as object).map(([key, item]) => [key, encodeValue(item)]);
  return { mapValue: { fields: Object.fromEntries(entries) as object } };
}
