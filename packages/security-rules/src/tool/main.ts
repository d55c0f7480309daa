/** The command line: evaluates a file of cases against a rules file. `npm run rules` and the bin run it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compileRules, describeWarning, RulesSyntaxError } from '../index.js';
import { readCases } from './cases.js';
import { evaluateCases } from './evaluate.js';
import { InputError } from './input.js';

// For command line tools that also read cases.
export { readCases, type Case } from './cases.js';
export { evaluateCases, type Result } from './evaluate.js';
export { InputError } from './input.js';

export const USAGE = `npx firebase-rules-check FILE CASES.json [--strict]
npm run --silent rules -- FILE CASES.json   (in a clone of the repository)

Evaluates each case in CASES.json (an array) against the security rules in FILE and prints one
line of JSON per case: {"name", "allowed", "expected", "ok", "why"}.
Warnings about FILE, such as an unknown function, go to standard error; with --strict they are errors,
except names that are not used.
Exit code: 0 when every decision is the expected one, 1 when one is not, 2 when FILE or CASES.json
is invalid or cannot be read.

A case:
  name             a string
  method           get, list, create, update or delete
  path             /b/BUCKET/o/NAME (list: a prefix), or
                   /databases/(default)/documents/users/a (list: also a collection, …/users, and
                   a collection group, …/**/users)
  auth             null, or {"uid": string, "token": {claims}}; uid null: a token without a uid
  expect           true or false
  time             RFC 3339; default: now
  resource         before the request; Storage: the object's metadata; Firestore: the document's
                   fields (list of a collection: the fields that the query's filters fix, unless the
                   query has "where")
  requestResource  after a create or update, in the same format
  query            list in Firestore: {"where", "limit", "offset", "orderBy": {FIELD: "ASC" or "DESC"}}
                   where: filters that all apply, [FIELD, OPERATOR, VALUE] with an operator of the SDKs,
                   or {"or": [filters]}: [["owner", "==", "alice"], ["size", "<", 9]]
  documents        {PATH: fields} that get() and exists() see; PATH: users/a, or the full path
  after            the same for getAfter() and existsAfter(); default: documents after this write

In data: {"$timestamp": RFC 3339}, {"$bytes": base64}, {"$latlng": [degrees, degrees]},
{"$path": "/…"}, {"$int": "digits"}, {"$float": number}.
`;

/**
 * @param argv the arguments: two file names
 * @param folder file names are relative to it. Default: the folder where npm was started, because npm
 *   runs a script in the folder of package.json
 * @returns the exit code: 0, 1 or 2, see USAGE
 */
export async function main(
  argv: string[],
  folder = process.env['INIT_CWD'] ?? process.cwd(),
): Promise<number> {
  let names: string[];
  let strict: boolean;
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        strict: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    names = positionals;
    strict = values.strict;
  } catch (error) {
    return fail(`${messageOf(error)}\n${USAGE}`);
  }
  const [rulesName, casesName, ...rest] = names;
  if (rulesName === undefined || casesName === undefined || rest.length > 0) {
    return fail(`expected FILE and CASES.json, found ${names.length} file names\n${USAGE}`);
  }
  try {
    const ruleset = compileRules(readText(folder, rulesName), rulesName, { strict });
    for (const one of ruleset.warnings) process.stderr.write(`${describeWarning(one)}\n`);
    const results = await evaluateCases(ruleset, readCases(readText(folder, casesName), casesName));
    for (const result of results) process.stdout.write(`${JSON.stringify(result)}\n`);
    return results.every(({ ok }) => ok) ? 0 : 1;
  } catch (error) {
    if (error instanceof InputError || error instanceof RulesSyntaxError) {
      return fail(error.message);
    }
    throw error;
  }
}

/** Reads a UTF-8 file, without the byte order mark. Throws InputError. */
function readText(folder: string, name: string): string {
  let data: Buffer;
  try {
    data = readFileSync(resolve(folder, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const found = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a folder' : code;
    throw new InputError(`${name}: expected a readable file, found ${found}`);
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
