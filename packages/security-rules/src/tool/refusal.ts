/** What was handed in is not as it has to be; the message is one sentence for a person. */
export class InputError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InputError';
  }
}

/** Throws an InputError that says where, what was expected there and what was found. */
export function refuse(where: string, expected: string, found: unknown): never {
  throw new InputError(`${where}: expected ${expected}, found ${show(found)}`);
}

/** Anything from JSON as a person reads it, on one line and shortened. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** The JSON of a file; an InputError that names the file when it is none. */
export function readJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`${file}: expected JSON, but ${reason}`);
  }
}

/** Whether this is an object of JSON and not a list or null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The names as in 'a, b or c'. */
export function oneOf(names: readonly string[]): string {
  return names.length < 2
    ? names.join('')
    : `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`;
}
