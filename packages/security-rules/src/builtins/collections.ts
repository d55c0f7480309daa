import { EvaluationError } from '../errors.js';
import { equals, keyOf, setOf, type Numbers } from '../equality.js';
import type { Work } from '../limits.js';
import {
  bool,
  int,
  list,
  mapDiff,
  setFromKeys,
  string,
  type MapDiffValue,
  type MapValue,
  type RulesValue,
} from '../values.js';
import { methodsOf } from './method.js';
import { toText } from './strings.js';

type Items = readonly RulesValue[];

/** Returns a test for whether an item is in `others`. */
function isAmong(others: Items, work: Work, numbers: Numbers): (item: RulesValue) => boolean {
  const keys = new Set(others.map((item) => keyOf(item, work, numbers)));
  // Google's emulator finds a value that a query limits in no list.
  return (item) => item.type !== 'constrained' && keys.has(keyOf(item, work, numbers));
}

/** The methods of List. */
export const LIST_METHODS = methodsOf('list', {
  size: [0, ({ items }) => int(items.length)],
  toSet: [0, ({ items }, _args, work) => setOf(items, work)],
  hasAll: [
    1,
    ({ items }, args, work) => bool(args.get(0, 'list').items.every(isAmong(items, work, 'exact'))),
  ],
  hasAny: [
    1,
    ({ items }, args, work) => bool(args.get(0, 'list').items.some(isAmong(items, work, 'exact'))),
  ],
  hasOnly: [
    1,
    ({ items }, args, work) => bool(items.every(isAmong(args.get(0, 'list').items, work, 'exact'))),
  ],
  concat: [
    1,
    ({ items }, args, work) => {
      const others = args.get(0, 'list').items;
      work.charge(items.length + others.length);
      return list([...items, ...others]);
    },
  ],
  removeAll: [
    1,
    ({ items }, args, work) => {
      const isRemoved = isAmong(args.get(0, 'list').items, work, 'exact');
      return list(items.filter((item) => !isRemoved(item)));
    },
  ],
  join: [
    1,
    ({ items }, args, work) => {
      const separator = args.get(0, 'string').value;
      const texts = items.map((item) => toText(item).value);
      for (const text of texts) work.charge(1 + (text.length + separator.length) / 8);
      return string(texts.join(separator));
    },
  ],
});

/** The methods of Set. */
export const SET_METHODS = methodsOf('set', {
  size: [0, ({ members }) => int(members.size)],
  hasAll: [
    1,
    ({ members }, args, work) =>
      bool(args.items(0).every(isAmong([...members.values()], work, 'numeric'))),
  ],
  hasAny: [
    1,
    ({ members }, args, work) =>
      bool(args.items(0).some(isAmong([...members.values()], work, 'numeric'))),
  ],
  hasOnly: [
    1,
    ({ members }, args, work) =>
      bool([...members.values()].every(isAmong(args.items(0), work, 'numeric'))),
  ],
  difference: [
    1,
    ({ members }, args, work) => {
      const others = args.get(0, 'set').members;
      work.charge(members.size);
      return setFromKeys(new Map([...members].filter(([key]) => !others.has(key))));
    },
  ],
  intersection: [
    1,
    ({ members }, args, work) => {
      const others = args.get(0, 'set').members;
      work.charge(members.size);
      return setFromKeys(new Map([...members].filter(([key]) => others.has(key))));
    },
  ],
  union: [
    1,
    ({ members }, args, work) => {
      const others = args.get(0, 'set').members;
      work.charge(members.size + others.size);
      return setFromKeys(new Map([...others, ...members]));
    },
  ],
});

/** `map.get(key, default)`; a list of keys is a path into nested maps. */
function getOr(value: MapValue, key: RulesValue, fallback: RulesValue): RulesValue {
  const keys = key.type === 'list' ? key.items : [key];
  let current: RulesValue = value;
  for (const part of keys) {
    if (part.type !== 'string') throw new EvaluationError(`expected string, found ${part.type}`);
    if (current.type !== 'map') return fallback;
    const field = current.fields.get(part.value);
    if (!field) return fallback;
    current = field;
  }
  return current;
}

function diff(left: MapValue, right: MapValue, work: Work): MapDiffValue {
  const [leftFields, rightFields] = [left.fields, right.fields];
  const parts = { added: [], removed: [], changed: [], unchanged: [] } as Record<string, string[]>;
  const { added = [], removed = [], changed = [], unchanged = [] } = parts;
  for (const [key, value] of leftFields) {
    work.charge(1);
    const other = rightFields.get(key);
    if (!other) added.push(key);
    else if (equals(value, other, work)) unchanged.push(key);
    else changed.push(key);
  }
  for (const key of rightFields.keys()) {
    work.charge(1);
    if (!leftFields.has(key)) removed.push(key);
  }
  return mapDiff({ added, removed, changed, unchanged });
}

/** The methods of Map. */
export const MAP_METHODS = methodsOf('map', {
  size: [0, ({ fields }) => int(fields.size)],
  keys: [0, ({ fields }) => list([...fields.keys()].map(string))],
  values: [0, ({ fields }) => list([...fields.values()])],
  get: [2, (self, args) => getOr(self, args.at(0), args.at(1))],
  diff: [1, (self, args, work) => diff(self, args.get(0, 'map'), work)],
});

/** The methods of a value that a query limits. As Google's emulator, they know only the items that it has filtered by. */
export const CONSTRAINED_METHODS = methodsOf('constrained', {
  hasAny: [
    1,
    ({ contains = [] }, args, work) => bool(contains.some(isAmong(args.items(0), work, 'exact'))),
  ],
});

function keysOf(keys: readonly string[], work: Work): RulesValue {
  return setOf(keys.map(string), work);
}

/** The methods of MapDiff; each lists keys in a Set. */
export const MAP_DIFF_METHODS = methodsOf('map_diff', {
  addedKeys: [0, (self, _args, work) => keysOf(self.added, work)],
  removedKeys: [0, (self, _args, work) => keysOf(self.removed, work)],
  changedKeys: [0, (self, _args, work) => keysOf(self.changed, work)],
  unchangedKeys: [0, (self, _args, work) => keysOf(self.unchanged, work)],
  affectedKeys: [
    0,
    (self, _args, work) => keysOf([...self.added, ...self.removed, ...self.changed], work),
  ],
});
