/** Validation of input files: every error is one sentence that names the place in the file. */
import { z } from 'zod';

/** An input file is invalid. The message is one sentence: the place, what was expected and what was found. */
export class InputError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InputError';
  }
}

/** A place in an input: its name and the path of keys below it, `cases.json: case 1 ("a"): auth.uid`. */
export class Place {
  /** @param input the name of the file, or of a part of it */
  constructor(
    private readonly input: string,
    private readonly path: readonly PropertyKey[] = [],
  ) {}

  /** The place of a value inside this one. */
  at(...path: PropertyKey[]): Place {
    return new Place(this.input, [...this.path, ...path]);
  }

  /** The value as the schema transforms it. Throws InputError for the first issue. */
  parse<Output>(schema: z.ZodType<Output>, value: unknown): Output {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const { issues } = result.error;
    // An unknown key is often a misspelled required one: report it before the missing key.
    const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
    const path = issue?.path ?? [];
    const found = issue?.code === 'unrecognized_keys' ? issue.keys[0] : valueAt(value, path);
    return this.at(...path).fail(issue?.message ?? 'another value', found);
  }

  /** Throws InputError. */
  fail(expected: string, found: unknown): never {
    throw new InputError(`${this.toString()}: expected ${expected}, found ${toExcerpt(found)}`);
  }

  toString(): string {
    if (this.path.length === 0) return this.input;
    const steps = this.path.map((key, index) => {
      if (typeof key === 'number') return `[${key}]`;
      const name = String(key);
      if (!/^[\w$-]+$/.test(name)) return `[${JSON.stringify(name)}]`;
      return index === 0 ? name : `.${name}`;
    });
    return `${this.input}: ${steps.join('')}`;
  }
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let inner = value;
  for (const key of path) {
    inner = typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined;
  }
  return inner;
}

/** An object with these fields and no others. */
export function objectOf<Shape extends z.ZodRawShape>(expected: string, shape: Shape) {
  const onlyFields = `only the fields ${Object.keys(shape).join(', ')}`;
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? onlyFields : expected),
  });
}

/** A JSON object with any fields. */
export function anyObject(expected: string): z.ZodType<Record<string, unknown>> {
  return z.custom<Record<string, unknown>>(isObject, expected);
}

/** Parses the JSON of a file. Throws InputError with the file's name when it is not JSON. */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`${file}: expected JSON, found a syntax error: ${reason}`);
  }
}

/** Whether this is an object of JSON and neither an array nor null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Joins names: 'a, b or c'. */
export function joinNames(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`;
}

/** JSON on one line, cut to 80 characters. */
export function toExcerpt(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
