/** `npm run rules`, after everything is installed and built. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compileRules, RulesSyntaxError } from '../index.js';
import { readCases } from './cases.js';
import { evaluateCases } from './evaluate.js';
import { InputError } from './refusal.js';

export const USAGE = `npm run --silent rules -- FILE CASES.json

Asks the security rules in FILE about each case in CASES.json (an array) and prints a line of JSON
a case: {"name", "allowed", "expected", "ok", "why"}.
Exit code: 0 when every case came out as expected, 1 when one did not, 2 when FILE or CASES.json
can't be read.

A case:
  name             text
  method           get, list, create, update or delete
  path             /b/BUCKET/o/NAME (list: a prefix), or
                   /databases/(default)/documents/users/a (list: also a collection, …/users, and
                   a collection group, …/**/users)
  auth             null, or {"uid": text, "token": {claims}}; uid null: a token without one
  expect           true or false
  time             RFC 3339; left out: now
  resource         what is there; Storage: the object's metadata; Firestore: the document's fields
                   (list of a collection: the fields that the query's filters fix)
  requestResource  what would be there after create or update, in the same form
  query            list in Firestore: {"limit", "offset", "orderBy": {FIELD: "ASC" or "DESC"}}
  documents        {PATH: fields} that get() and exists() see; PATH: users/a, or the whole path
  after            the same for getAfter() and existsAfter(); left out: documents after this write

In data: {"$timestamp": RFC 3339}, {"$bytes": base64}, {"$latlng": [degrees, degrees]},
{"$path": "/…"}, {"$int": "digits"}, {"$float": number}.
`;

/**
 * @param argv what follows `npm run rules --`; files are relative to where the person stands
 * @returns the exit code
 */
export async function main(argv: string[]): Promise<number> {
  let names: string[];
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h', default: false } },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    names = positionals;
  } catch (error) {
    return fail(`${messageOf(error)}\n${USAGE}`);
  }
  const [rulesName, casesName, ...rest] = names;
  if (rulesName === undefined || casesName === undefined || rest.length > 0) {
    return fail(`expected FILE and CASES.json, found ${names.length} file names\n${USAGE}`);
  }
  try {
    const ruleset = compileRules(readText(rulesName), rulesName);
    const results = await evaluateCases(ruleset, readCases(readText(casesName), casesName));
    for (const result of results) process.stdout.write(`${JSON.stringify(result)}\n`);
    return results.every(({ ok }) => ok) ? 0 : 1;
  } catch (error) {
    if (error instanceof InputError || error instanceof RulesSyntaxError) {
      return fail(error.message);
    }
    throw error;
  }
}

/** The text of a file, without the mark that some editors begin UTF-8 with. */
function readText(name: string): string {
  // npm runs scripts in the package's own folder; people mean the one that they are in.
  const folder = process.env['INIT_CWD'] ?? process.cwd();
  let data: Buffer;
  try {
    data = readFileSync(resolve(folder, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const found = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a folder' : code;
    throw new InputError(`${name}: expected a file that can be read, found ${found}`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch {
    throw new InputError(`${name}: expected text in UTF-8, found other bytes`);
  }
}

function fail(text: string): number {
  process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
  return 2;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
