/** A generator of conditions of rules. */
import fc from 'fast-check';
import { COMPARISONS, NAMES, TAGS } from './generated-queries.js';

const DATA = 'resource.data';
const FIELDS = ['u', 'n', 'b', 'tags', 'm', 'other'];
const TYPES = ['string', 'int', 'float', 'number', 'bool', 'list', 'map'];

const name = fc.constantFrom(...NAMES);
const tag = fc.constantFrom(...TAGS);
const field = fc.constantFrom(...FIELDS);
const comparison = fc.constantFrom(...COMPARISONS);
const number = fc.constantFrom('0', '1', '2', '3', '4', '1.0', '2.5');
const listOf = (values: readonly string[]) =>
  fc
    .subarray([...values], { minLength: 1 })
    .map((of) => `[${of.map((each) => `'${each}'`).join()}]`);
const fields = listOf(FIELDS);

const byUser = fc.oneof(
  { weight: 4, arbitrary: fc.constant(`${DATA}.u == request.auth.uid`) },
  fc.tuple(fc.constantFrom('==', '!='), name).map(([op, value]) => `${DATA}.u ${op} '${value}'`),
  listOf(NAMES).map((values) => `${DATA}.u in ${values}`),
  name.map((value) => `${DATA}.get('u', '') == '${value}'`),
  name.map((value) => `${DATA}['u'] == '${value}'`),
  fc.constant(`${DATA}.u.size() > 3`),
  fc.constant(`${DATA}.u.matches('a.*')`),
);
const byNumber = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(comparison, number).map(([op, value]) => `${DATA}.n ${op} ${value}`) }, // prettier-ignore
  fc.tuple(number, comparison).map(([value, op]) => `${value} ${op} ${DATA}.n`),
  fc.constant(`${DATA}.n in [1, 2]`),
  fc.tuple(comparison, number).map(([op, value]) => `${DATA}.n + 1 ${op} ${value}`),
  fc.tuple(comparison, number).map(([op, value]) => `${DATA}.get('n', 0) ${op} ${value}`),
);
const byTags = fc.oneof(
  { weight: 3, arbitrary: tag.map((value) => `'${value}' in ${DATA}.tags`) },
  fc.tuple(fc.constantFrom('hasAny', 'hasAll', 'hasOnly'), listOf(TAGS)).map(([method, values]) => `${DATA}.tags.${method}(${values})`), // prettier-ignore
  fc.constant(`${DATA}.tags.size() > 0`),
  tag.map((value) => `${DATA}.tags[0] == '${value}'`),
  listOf(TAGS).map((values) => `${DATA}.tags == ${values}`),
);
const byShape = fc.oneof(
  { weight: 3, arbitrary: field.map((of) => `'${of}' in ${DATA}`) },
  fc.tuple(field, fc.constantFrom(...TYPES)).map(([of, type]) => `${DATA}.${of} is ${type}`),
  fc.tuple(fc.constantFrom('hasAny', 'hasAll', 'hasOnly'), fields).map(([method, values]) => `${DATA}.keys().${method}(${values})`), // prettier-ignore
  fc.tuple(comparison, fc.constantFrom('0', '1', '2', '5')).map(([op, value]) => `${DATA}.size() ${op} ${value}`), // prettier-ignore
  fields.map((values) => `${DATA}.diff({'u': 'alice'}).affectedKeys().hasOnly(${values})`),
  fc.tuple(field, fc.constantFrom('==', '!=')).map(([of, op]) => `${DATA}.${of} ${op} null`),
  fc.tuple(field, field, comparison).map(([a, b, op]) => `${DATA}.${a} ${op} ${DATA}.${b}`),
  fc.constantFrom(`${DATA} != null`, `${DATA} is map`, 'resource != null'),
);
const byMap = fc.constantFrom(
  `${DATA}.m.k == 'v'`,
  `${DATA}.m == {'k': 'v'}`,
  `'k' in ${DATA}.m`,
  `${DATA}.m.get('k', 'v') == 'v'`,
  `${DATA}.get(['m', 'k'], 'v') == 'v'`,
  `${DATA}.m.size() == 1`,
);
const byRequest = fc.constantFrom(
  'request.auth != null',
  'request.query.limit <= 3',
  "request.auth.uid == 'bob'",
  'request.auth.token.admin == true',
  "id == '1'",
  'true',
  'false',
);

const atom = fc.oneof(
  { weight: 4, arbitrary: byUser },
  { weight: 5, arbitrary: byNumber },
  { weight: 3, arbitrary: byTags },
  { weight: 4, arbitrary: byShape },
  { weight: 2, arbitrary: byMap },
  { weight: 2, arbitrary: fc.boolean().map((value) => `${DATA}.b == ${value}`) },
  { weight: 1, arbitrary: fc.constant(`${DATA}.b`) },
  { weight: 1, arbitrary: byRequest },
);

/** The text of a condition. */
export const condition = fc.letrec<{ of: string }>((tie) => ({
  of: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 5, arbitrary: atom },
    { weight: 1, arbitrary: tie('of').map((inner) => `!(${inner})`) },
    { weight: 2, arbitrary: fc.tuple(tie('of'), tie('of')).map(([a, b]) => `(${a} && ${b})`) },
    { weight: 2, arbitrary: fc.tuple(tie('of'), tie('of')).map(([a, b]) => `(${a} || ${b})`) },
    { weight: 1, arbitrary: fc.tuple(tie('of'), tie('of'), tie('of')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`) }, // prettier-ignore
  ),
})).of;
