import { isInConstrained } from '../constrained.js';
import { EvaluationError } from '../errors.js';
import { equals, keyOf, setOf, type Numbers } from '../equality.js';
import type { Work } from '../limits.js';
import {
  bool,
  constrained,
  int,
  list,
  mapDiff,
  setFromKeys,
  string,
  TRUE,
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
  return (item) => keys.has(keyOf(item, work, numbers));
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

/**
 * The value of a field, or undefined if the map does not have it.
 * @throws EvaluationError if a query does not determine the field
 */
export function fieldOf(value: MapValue, key: string): RulesValue | undefined {
  const field = value.fields.get(key);
  if (!field && value.open) throw new EvaluationError(`field '${key}' is unknown in a query`);
  return field;
}

function allFields(value: MapValue): MapValue['fields'] {
  if (value.open) throw new EvaluationError('a query determines only some fields of the map');
  return value.fields;
}

/** `map.get(key, default)`; a list of keys is a path into nested maps. */
function getOr(value: MapValue, key: RulesValue, fallback: RulesValue): RulesValue {
  const keys = key.type === 'list' ? key.items : [key];
  let current: RulesValue = value;
  for (const part of keys) {
    if (part.type !== 'string') throw new EvaluationError(`expected string, found ${part.type}`);
    if (current.type !== 'map') return fallback;
    const field = fieldOf(current, part.value);
    if (!field) return fallback;
    current = field;
  }
  return current;
}

function diff(left: MapValue, right: MapValue, work: Work): MapDiffValue {
  const [leftFields, rightFields] = [left.fields, allFields(right)];
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
    // A key that a query leaves open may be in the map.
    if (!leftFields.has(key) && !left.open) removed.push(key);
  }
  return mapDiff({ added, removed, changed, unchanged, ...(left.open && { open: true }) });
}

/** The methods of Map. */
export const MAP_METHODS = methodsOf('map', {
  size: [0, (self) => int(allFields(self).size)],
  keys: [
    0,
    (self) => {
      const keys = [...self.fields.keys()].map(string);
      return self.open ? constrained({ contains: keys }) : list(keys);
    },
  ],
  values: [0, (self) => list([...allFields(self).values()])],
  get: [2, (self, args) => getOr(self, args.at(0), args.at(1))],
  diff: [1, (self, args, work) => diff(self, args.get(0, 'map'), work)],
});

/** The methods of a list or a set of which a query determines some items. */
export const CONSTRAINED_METHODS = methodsOf('constrained', {
  hasAll: [
    1,
    (self, args, work) => bool(args.items(0).every((item) => isInConstrained(item, self, work))),
  ],
  hasAny: [
    1,
    ({ contains = [] }, args, work) => {
      if (contains.some(isAmong(args.items(0), work, 'exact'))) return TRUE;
      throw new EvaluationError('the filters of the query do not decide this');
    },
  ],
});

/** Keys of a diff: those of an open map are not all known. */
function keysOf({ open }: MapDiffValue, keys: readonly string[], work: Work): RulesValue {
  const items = keys.map(string);
  return open ? constrained({ contains: items }) : setOf(items, work);
}

/** The methods of MapDiff; each lists keys in a Set. */
export const MAP_DIFF_METHODS = methodsOf('map_diff', {
  addedKeys: [0, (self, _args, work) => keysOf(self, self.added, work)],
  removedKeys: [0, (self, _args, work) => keysOf(self, self.removed, work)],
  changedKeys: [0, (self, _args, work) => keysOf(self, self.changed, work)],
  unchangedKeys: [0, (self, _args, work) => keysOf(self, self.unchanged, work)],
  affectedKeys: [
    0,
    (self, _args, work) => keysOf(self, [...self.added, ...self.removed, ...self.changed], work),
  ],
});
