/** Values of which only a part is known, for questions about all requests of a kind. */
import type { Span } from './ast.js';
import { isRulesValue, type RulesValue, type TypeName } from './values.js';

/**
 * What a client knows of an unknown value: `client` chooses it, `visible` is fixed and the client may know it, such
 * as its own claims or a stored field, `hidden` is fixed and secret, such as another document.
 */
export type Origin = 'client' | 'visible' | 'hidden';

/** Two values of one group are equal if their names are, and differ otherwise. */
export interface Identity {
  readonly group: string;
  readonly name: string;
}

/** A value that the question does not determine. */
export class Unknown {
  constructor(
    readonly origin: Origin,
    readonly known: {
      readonly type?: TypeName;
      readonly identity?: Identity;
      /** Strings that it is not. */
      readonly not?: ReadonlySet<string>;
      /** The expression that read the value. */
      readonly at?: Span;
    } = {},
  ) {}

  /** The same value, with the expression that read it. */
  readAt(at: Span): Unknown {
    return this.known.at ? this : new Unknown(this.origin, { ...this.known, at });
  }
}

/** A Map with these fields. Another field is `rest`, or does not exist. */
export class PartialMap {
  constructor(
    readonly fields: ReadonlyMap<string, Possible>,
    readonly rest?: Unknown,
  ) {}
}

/** A List or a Path with items that are not known. */
export class PartialItems {
  constructor(
    readonly type: 'list' | 'path',
    readonly items: readonly Possible[],
  ) {}
}

export type Possible = RulesValue | Unknown | PartialMap | PartialItems;

/** Whether the value is known as a whole. */
export function isKnown(value: Possible): value is RulesValue {
  return isRulesValue(value);
}

/** All unknown values within a value. */
export function unknownsIn(value: Possible): Unknown[] {
  if (value instanceof Unknown) return [value];
  if (value instanceof PartialItems) return value.items.flatMap(unknownsIn);
  if (!(value instanceof PartialMap)) return [];
  const fields = [...value.fields.values()].flatMap(unknownsIn);
  return value.rest ? [...fields, value.rest] : fields;
}

/** The result of an operation on these values, at least one of which is not known. */
export function combine(values: readonly Possible[], type?: TypeName): Unknown {
  const unknowns = values.flatMap(unknownsIn);
  const of = (origin: Origin): Unknown | undefined =>
    unknowns.find((unknown) => unknown.origin === origin);
  // A client can choose its part to fit the parts that it knows, but not those that it does not.
  const source = of('hidden') ?? of('client') ?? of('visible');
  return new Unknown(source?.origin ?? 'visible', {
    ...(type && { type }),
    ...(source?.known.at && { at: source.known.at }),
  });
}

/** The type of a value, if it is known. */
export function typeOf(value: Possible): TypeName | undefined {
  if (value instanceof Unknown) return value.known.type;
  return value instanceof PartialMap ? 'map' : value.type;
}
