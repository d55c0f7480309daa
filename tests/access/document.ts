/** Generates docs/reference/access.md from the access table. */
import { join } from 'node:path';
import { markdownTable } from 'markdown-table';
import {
  ACTORS,
  ACTS,
  NOTES,
  STATES,
  THINGS,
  actors,
  acts,
  allCells,
  expected,
  notesAt,
  reasons,
  states,
  testedCells,
  things,
  type Act,
  type Actor,
  type Answer,
  type Thing,
} from './table.js';

export const ACCESS_PAGE = join(__dirname, '..', '..', 'docs', 'reference', 'access.md');

/** Returns the text of docs/reference/access.md. */
export function accessPage(): string {
  const tested = testedCells().length;
  const parts = [
    `# Access: who can do what

<!-- Generated from tests/access/table.ts by npm run docs. Do not edit. -->

This table is the specification of the security rules and the functions: what each actor may do to each
thing, in each state of an image. It has ${allCells().length} cells. ${tested} of them exist (documents have no
metadata, objects cannot be queried), and \`npm test\` tests each one on a running stack.

The rules, from general to specific; the last one that matches a cell decides:

${list(reasons())}`,

    `**Actors.** Names and ids are not secret: every actor knows all of them and requests exactly the thing
from Cloud Storage or Firestore, with the actor's own secrets.

${definitions(ACTORS)}`,

    `**Things**

${definitions(THINGS)}`,

    `**Acts**

${definitions(ACTS)}`,

    `**States** of the image

${definitions(STATES)}`,

    `**Cells.** **yes**: the actor reads or changes something. no: the request is refused, or there is
nothing to read. A permitted list or query is **yes** even if the result is empty. —: the act does not
exist. A cell with state names in **bold** is yes in those states and no in the others.`,

    ...things.map(table),

    `## Notes

${NOTES.map(({ id, text }) => `[^${id}]: ${text}`).join('\n\n')}`,

    `## How it is tested

\`npm test\` creates the images and users on the local stack with the function kit, and \`npm test -- --long\`
with the extension. They send the same REST requests to Cloud Storage and Firestore as the client SDKs, and
requests to \`serve\`. Each test compares one row: an actor, a thing, a state. Only 401, 403 and 404 are refusals;
any other error, or a network failure, fails the test. Each request is also sent once as an admin and must
then succeed, so that no cell is "no" because of a malformed request.

Not tested: IAM and the JSON API of Cloud Storage, which security rules do not apply to; App Check; caches
in front of \`serve\`.

\`npm run docs\` generates this page from the table that the tests use, and a test fails when the page is
out of date.`,
  ];
  return `${parts.join('\n\n')}\n`;
}

function table(thing: Thing): string {
  const rows = actors.map((actor) => [actor, ...acts.map((act) => cellText(actor, thing, act))]);
  return `## ${capitalize(thing)}\n\n${markdownTable([['', ...acts], ...rows])}`;
}

/** `yes`, `no` or `—` if all states have the same answer; otherwise the states, in the shorter form. */
function cellText(actor: Actor, thing: Thing, act: Act): string {
  const cells = states.map((state) => ({ actor, thing, act, state }));
  const answers = new Set(cells.map(expected));
  const statesWith = (answer: Answer) =>
    cells.filter((cell) => expected(cell) === answer).map(({ state }) => state);
  const [allowed, denied] = [statesWith('yes'), statesWith('no')];
  const [answer] = answers;
  const text =
    answers.size === 1
      ? answer === 'yes'
        ? '**yes**'
        : answer
      : allowed.length > denied.length
        ? `**yes**, not ${denied.join(', ')}`
        : `**${allowed.join(', ')}**`;
  const notes = new Set(cells.flatMap(notesAt));
  return [text, ...[...notes].map((id) => `[^${id}]`)].join('');
}

function definitions(axis: Record<string, string>): string {
  return list(Object.entries(axis).map(([name, meaning]) => `**${name}**: ${meaning}`));
}

function list(items: string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
