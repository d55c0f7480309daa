/** Tables of writes, transforms, transactions, listing and emulator routes. */
import {
  call,
  commit,
  double,
  exists,
  from,
  geo,
  get,
  increment,
  long,
  mask,
  order,
  PROJECT,
  query,
  raw,
  remove,
  ROOT,
  set,
  time,
  transform,
  bytes,
  type Case,
  type Table,
} from './requests.js';

const REQUEST_TIME = { fieldPath: 'at', setToServerValue: 'REQUEST_TIME' };
const http = (name: string, method: string, path: string, body?: unknown): Case => ({
  name,
  method,
  path: `/v1/${ROOT}/${path}`,
  ...(body !== undefined && { body }),
});

const preconditions: Table = {
  name: 'preconditions and masks',
  documents: { 'wr/existing': { a: 1, nested: { keep: 'k', drop: 'd' } } },
  cases: [
    commit('create', [set('wr/new', { a: 1 }, exists(false))]),
    commit('create again', [set('wr/new', { a: 2 }, exists(false))]),
    commit('update a missing document', [set('wr/none', { a: 1 }, exists(true))]),
    commit('mask', [
      set('wr/existing', { b: 2, nested: { keep: 'k2' } }, mask('b', 'nested.drop', 'nested.keep')),
    ]),
    commit('mask on a missing document', [set('wr/masked', { a: 1 }, mask('a'))]),
    commit('mask of an absent field', [set('wr/existing', {}, mask('b'))]),
    commit('replace', [set('wr/existing', { only: true })]),
    {
      ...get('read the replaced document', 'wr/existing'),
      keep: { as: 'updateTime', from: 'updateTime' },
    },
    commit('updateTime matches', [
      set('wr/existing', { only: false }, { currentDocument: { updateTime: '{{updateTime}}' } }),
    ]),
    commit('updateTime is old', [
      set('wr/existing', { only: 'old' }, { currentDocument: { updateTime: '{{updateTime}}' } }),
    ]),
    commit('updateTime of a missing document', [
      set('wr/none', { a: 1 }, { currentDocument: { updateTime: '2020-01-01T00:00:00Z' } }),
    ]),
    commit('delete a missing document', [remove('wr/none')]),
    commit('delete a missing document that must exist', [remove('wr/none', exists(true))]),
    commit('a failure writes nothing', [set('wr/atomic', {}), set('wr/none', {}, exists(true))]),
    get('nothing was written', 'wr/atomic'),
    commit('one document twice', [
      set('wr/twice', { a: 1, b: 1 }),
      set('wr/twice', { a: 2 }, mask('a')),
    ]),
    commit('no writes', []),
    commit('verify', [{ verify: `${ROOT}/wr/twice`, ...exists(true) }]),
    commit('verify a missing document', [{ verify: `${ROOT}/wr/none`, ...exists(true) }]),
    http('PATCH a missing document that must exist', 'PATCH', 'wr/p?currentDocument.exists=true', {
      fields: {},
    }),
    http('POST with an id', 'POST', 'wr?documentId=created', { fields: {} }),
    http('POST with the id again', 'POST', 'wr?documentId=created', { fields: {} }),
    http('DELETE', 'DELETE', 'wr/created'),
    http('DELETE again', 'DELETE', 'wr/created'),
    http(
      'DELETE a missing document that must exist',
      'DELETE',
      'wr/created?currentDocument.exists=true',
    ),
  ],
};

const transforms: Table = {
  name: 'transforms',
  documents: { 'tf/doc': { n: 1, d: 1.5, s: 'text' } },
  cases: [
    commit('increments', [transform('tf/doc', REQUEST_TIME, increment('n', 2), increment('s', 1))]),
    commit('invalid field path', [
      transform('tf/doc', { fieldPath: 'max-missing', maximum: { integerValue: '3' } }),
    ]),
    commit('transform that must exist', [
      {
        transform: { document: `${ROOT}/tf/none`, fieldTransforms: [increment('n', 1)] },
        ...exists(true),
      },
    ]),
    commit('increment by a string', [transform('tf/doc', increment('n', '1'))]),
    commit('transform of a delete', [remove('tf/doc', { updateTransforms: [REQUEST_TIME] })]),
    commit('two increments of one field', [
      set('tf/dup', { n: 1 }, { updateTransforms: [increment('n', 1), increment('n', 1)] }),
    ]),
    commit('500 transforms', [
      transform('tf/many', ...Array.from({ length: 500 }, (_, i) => increment(`f${i}`, 1))),
    ]),
  ],
};

const batch: Table = {
  name: 'batchWrite',
  documents: { 'bw/existing': { a: 1 } },
  cases: [
    call('one document twice', 'batchWrite', { writes: [set('bw/one', {}), set('bw/one', {})] }),
    get('nothing was written', 'bw/one'),
    call('no writes', 'batchWrite', { writes: [] }),
    call('with a transaction', 'batchWrite', { writes: [], transaction: 'AA==' }),
  ],
};

const TX = { transaction: '{{tx}}' };
const begin = (name: string, body: object = {}): Case => ({
  ...call(name, 'beginTransaction', body),
  keep: { as: 'tx', from: 'transaction' },
});
const read = (name: string, path: string, more: object): Case =>
  call(name, 'batchGet', { documents: [`${ROOT}/${path}`], ...more });
const LONG_AGO = '2020-01-01T00:00:00Z';

const transactions: Table = {
  name: 'transactions',
  documents: { 'tx/counter': { value: 0 }, 'tx/other': { value: 0 }, 'tx/third': { value: 0 } },
  cases: [
    begin('begin'),
    read('read', 'tx/counter', TX),
    commit('commit', [set('tx/counter', { value: 1 })], TX),
    commit('commit again', [set('tx/counter', { value: 2 })], TX),
    begin('begin without reading'),
    commit('write of another', [set('tx/counter', { value: 200 })]),
    commit('commit without reading', [set('tx/counter', { value: 4 })], TX),
    begin('begin with a query'),
    query('query', { ...from('tx'), orderBy: order('__name__') }, TX),
    commit('commit after a query', [set('tx/other', { value: 1 })], TX),
    begin('begin read-only', { options: { readOnly: {} } }),
    commit('write in a read-only transaction', [set('tx/third', { value: 2 })], TX),
    begin('begin to roll back'),
    call('roll back', 'rollback', TX),
    commit('commit after rolling back', [set('tx/third', { value: 3 })], TX),
    call('roll back an unknown one', 'rollback', { transaction: 'AAAAAAAAAAA=' }),
    commit('commit an unknown one', [set('tx/third', {})], { transaction: 'AAAAAAAAAAA=' }),
    commit('commit with invalid base64', [set('tx/third', {})], { transaction: 'not base64!' }),
    query('query begins one', { ...from('tx'), limit: 1 }, { newTransaction: { readOnly: {} } }),
    begin('begin long ago', { options: { readOnly: { readTime: LONG_AGO } } }),
    read('transaction and readTime', 'tx/third', {
      transaction: 'AAAAAAAAAAA=',
      readTime: LONG_AGO,
    }),
  ],
};

const nested = (depth: number): object =>
  Array.from({ length: depth }).reduce<object>(
    (inner) => ({ a: inner }),
    raw({ integerValue: '1' }),
  );

const writeErrors: Table = {
  name: 'errors of writes',
  documents: { 'err/a': { a: 1 } },
  cases: [
    commit('name of a collection', [{ update: { name: `${ROOT}/err`, fields: {} } }]),
    commit('empty field name', [set('err/x', { '': 1 })]),
    commit('reserved field name', [set('err/x', { __id__: 1 })]),
    commit('field name with a dot', [set('err/x', { 'a.b': 1 })]),
    commit('array in an array', [set('err/x', { a: [[1]] })]),
    commit('array in a map in an array', [set('err/x', { a: [{ b: [1] }] })]),
    commit('integer out of range', [set('err/x', { a: long('99999999999999999999') })]),
    commit('integer as a number', [set('err/x', { a: raw({ integerValue: 5 }) })]),
    commit('double as a string', [set('err/x', { a: double('1.5') })]),
    commit('unknown value', [set('err/x', { a: raw({ fooValue: 1 }) })]),
    commit('value without a type', [set('err/x', { a: raw({}) })]),
    commit('bad time', [set('err/x', { a: time('not a time') })]),
    commit('bad base64', [set('err/x', { a: bytes('!!!') })]),
    commit('latitude out of range', [set('err/x', { a: geo(91, 0) })]),
    commit('reference to another project', [
      set('err/x', { a: raw({ referenceValue: 'projects/o/databases/(default)/documents/x/y' }) }),
    ]),
    commit('reference to a collection', [
      set('err/x', { a: raw({ referenceValue: `${ROOT}/x` }) }),
    ]),
    commit('without fields', [{ update: { name: `${ROOT}/err/no-fields` } }]),
    commit('two operations', [{ ...set('err/x', {}), ...remove('err/x') }]),
    commit('no operation', [exists(true)]),
    commit('mask with an invalid path', [set('err/x', { a: 1 }, mask('a..b'))]),
    commit('mask with backticks', [set('err/x', { 'a.b': { c: 1 } }, mask('`a.b`.c'))]),
    commit('mask of a delete', [remove('err/x', mask('a'))]),
    commit('precondition with both fields', [
      set('err/x', {}, { currentDocument: { exists: true, updateTime: LONG_AGO } }),
    ]),
    commit('a string over 1 MiB', [set('err/big', { blob: 'x'.repeat(1_048_600) })]),
    commit('a string under 1 MiB', [set('err/big', { blob: 'x'.repeat(1_048_000) })]),
    commit('22 levels', [set('err/deep', { a: nested(21) })]),
    commit('20 levels', [set('err/deep', { a: nested(19) })]),
    commit('field name of 1500 bytes', [set('err/x', { ['f'.repeat(1500)]: 1 })]),
    commit('field name of 1501 bytes', [set('err/x', { ['f'.repeat(1501)]: 1 })]),
    commit('id of 1500 bytes', [set(`err/${'i'.repeat(1500)}`, {})]),
    commit('id of 1501 bytes', [set(`err/${'i'.repeat(1501)}`, {})]),
    commit('id ..', [set('err/..', {})]),
    commit('id .', [set('err/.', {})]),
    commit('id with %2F', [set('err/a%2Fb', {})]),
    commit('reserved id', [set('err/__x__', {})]),
    commit('reserved collection id', [set('__err__/x', {})]),
  ],
};

const reads: Table = {
  name: 'reads and lists',
  documents: {
    'prj/a': { a: 1, b: { c: 2, d: 3 }, e: [1] },
    'prj/b': { a: 2 },
    'prj/missing-parent/sub/x': { z: 1 },
    'err/a': { a: 1 },
  },
  cases: [
    get('missing document', 'err/none'),
    get('empty subcollection', 'err/a/sub'),
    get('invalid mask', 'err/a?mask.fieldPaths=a..b'),
    get('parent that does not exist', 'prj/missing-parent'),
    call('unknown method', 'doSomething', {}),
    {
      name: 'unknown database',
      method: 'GET',
      path: `/v1/projects/${PROJECT}/databases/nope/documents/err/a`,
    },
    read('batchGet', 'prj/b', { mask: { fieldPaths: ['a'] } }),
    call('batchGet of a bad name', 'batchGet', { documents: ['not/a/valid/name/at/all/x'] }),
    call('batchGet of a collection', 'batchGet', { documents: [`${ROOT}/err`] }),
    call('batchGet of nothing', 'batchGet', {}),
    get('negative page size', 'err?pageSize=-1'),
    get('order by nonsense', 'err?orderBy=a%20sideways'),
    http('PUT', 'PUT', 'err/a', { fields: {} }),
    http('DELETE a collection', 'DELETE', 'err'),
    get('list with missing documents', 'prj?showMissing=true'),
    get('list of an empty collection', 'nothing'),
  ],
};

const route = (name: string, method: string, path: string, body?: unknown): Case => ({
  name,
  method,
  path,
  ...(body !== undefined && { body }),
});
const RULES_PATH = `/emulator/v1/projects/${PROJECT}:securityRules`;
const rules = (content: string) => ({ rules: { files: [{ name: 'firestore.rules', content }] } });
const MATCH = 'service cloud.firestore { match /databases/{d}/documents { match /{x=**} {';
const NAMED = `projects/${PROJECT}/databases/named-db/documents`;

const routes: Table = {
  name: 'routes of the emulator',
  documents: { 'em/a': { a: 1 } },
  cases: [
    route('clear', 'DELETE', `/emulator/v1/${ROOT}`),
    get('a document after clearing', 'em/a'),
    route(
      'clear an unknown database',
      'DELETE',
      `/emulator/v1/projects/${PROJECT}/databases/nope/documents`,
    ),
    route('clear with GET', 'GET', `/emulator/v1/${ROOT}`),
    route('rules with an error', 'PUT', RULES_PATH, rules(`${MATCH} allow read: if ; } } }`)),
    route(
      'open rules',
      'PUT',
      RULES_PATH,
      rules(`rules_version = '2';\n${MATCH} allow read, write: if true; } } }`),
    ),
    route('unknown route', 'GET', `/emulator/v1/projects/${PROJECT}:nothing`),
    call(
      'write to a named database',
      'commit',
      { writes: [{ update: { name: `${NAMED}/em/a`, fields: {} } }] },
      NAMED,
    ),
    get('the default database is another', 'em/a'),
    route('clear the named database', 'DELETE', `/emulator/v1/${NAMED}`),
    route('after clearing it', 'GET', `/v1/${NAMED}/em/a`),
    route('list databases', 'GET', `/v1/projects/${PROJECT}/databases`),
    route('get a database', 'GET', `/v1/projects/${PROJECT}/databases/(default)`),
  ],
};

const value = (name: string, form: object): Case => commit(name, [set('b/x', { a: raw(form) })]);

const bodies: Table = {
  name: 'bodies of a wrong form',
  documents: { 'b/a': { a: 1 } },
  cases: [
    value('geo point without numbers', { geoPointValue: { latitude: 'x', longitude: 0 } }),
    value('geo point as text', { geoPointValue: '1,2' }),
    value('reference as a path', { referenceValue: 'b/x' }),
    value('two types', { stringValue: 'a', integerValue: '1' }),
    value('no type', {}),
    value('integer 2^63', { integerValue: '9223372036854775808' }),
    value('integer with a fraction', { integerValue: '1.5' }),
    value('array as a list', { arrayValue: [1] }),
    value('map as a list', { mapValue: [] }),
    value('least integer', { integerValue: '-9223372036854775808' }),
    commit('id with dots', [set('b/a.b.c', {})]),
    call('unknown field', 'commit', { writes: [], unknown: 1 }),
    call('writes as text', 'commit', { writes: 'x' }),
    call('limit as text', 'runQuery', { structuredQuery: { ...from('b'), limit: 'x' } }),
    { ...get('bad token', 'b/a'), token: 'nonsense' },
    route('rules that are text', 'PUT', RULES_PATH, rules('nonsense')),
    route('rules with an empty match', 'PUT', RULES_PATH, rules(`${MATCH} } } }`)),
    route('body that is no rules', 'PUT', RULES_PATH, { rules: 1 }),
  ],
};

export const writeTables: Table[] = [
  preconditions,
  transforms,
  batch,
  transactions,
  writeErrors,
  reads,
  routes,
  bodies,
];
