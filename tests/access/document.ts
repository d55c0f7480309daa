/** The attack table as a page for people: docs/locks.md. */
import { join } from 'node:path';
import {
  ACTORS,
  ACTS,
  NOTES,
  STATES,
  THINGS,
  actors,
  acts,
  allCells,
  askedCells,
  expected,
  notesAt,
  reasons,
  states,
  things,
  type Act,
  type Actor,
  type Answer,
  type Thing,
} from './table.js';

export const LOCKS_FILE = join(__dirname, '..', '..', 'docs', 'reference', 'access.md');

/** The whole page. */
export function locksPage(): string {
  const asked = askedCells().length;
  const parts = [
    `# Who can open what

<!-- Made from tests/locks/table.ts by npm run docs. Don't change it here. -->

This is what the security rules and the functions are held to: every actor tries every act on every
thing, in every state that an image can be in. That makes ${allCells().length} cells; ${asked} of them
exist (documents have no metadata, objects are not queried), and \`npm test\` asks a running stack every
one of those.

From general to particular; of these, the last one that is about a cell decides it:

${list(reasons())}`,

    `**Actors.** Names and ids are no secrets here: every actor knows all of them and asks Storage and
Firestore for exactly the thing. An actor's own secret comes on top.

${definitions(ACTORS)}`,

    `**Things**

${definitions(THINGS)}`,

    `**Acts**

${definitions(ACTS)}`,

    `**States** of the image

${definitions(STATES)}`,

    `**Marks.** **yes**: the actor gets or changes something. no: refused, or there is nothing there. A
list or query that is allowed counts as **yes** even when it finds nothing. —: there is no such act. A
cell that names states in **bold** is yes in those and no in the others.`,

    ...things.map(table),

    `## Notes

${NOTES.map(({ id, text }) => `[^${id}]: ${text}`).join('\n\n')}`,

    `## How it is tested

\`npm test\` builds the scenes on the local stack, as a function kit and as an extension, and makes the
requests themselves: Storage's and Firestore's REST interfaces as the client SDKs speak them, and the
serve function. One test compares one row of answers: an actor, a thing, a state. A network failure or
an answer that is neither a success nor a refusal (401, 403, 404) fails the test and is never taken for
a no. Every request is also made once as an admin and must succeed, so that no cell is closed because
of a misspelt request.

Not asked: Google's own IAM and the JSON interface of Cloud Storage, which security rules do not govern
(bucket permissions do); App Check; what caches keep in front of the serve function.

\`npm run docs\` makes this page from the table that the tests use, and a test compares the two.`,
  ];
  return `${parts.join('\n\n')}\n`;
}

function table(thing: Thing): string {
  const rows = actors.map((actor) => [actor, ...acts.map((act) => cellText(actor, thing, act))]);
  return `## ${capital(thing)}\n\n${markdownTable(['', ...acts], rows)}`;
}

/** One answer when it is the same in all states; else the shorter of those in which it is yes or no. */
function cellText(actor: Actor, thing: Thing, act: Act): string {
  const cells = states.map((state) => ({ actor, thing, act, state }));
  const answers = new Set(cells.map(expected));
  const statesWith = (answer: Answer) =>
    cells.filter((cell) => expected(cell) === answer).map(({ state }) => state);
  const [open, closed] = [statesWith('yes'), statesWith('no')];
  const [answer] = answers;
  const text =
    answers.size === 1
      ? answer === 'yes'
        ? '**yes**'
        : answer
      : open.length > closed.length
        ? `**yes**, not ${closed.join(', ')}`
        : `**${open.join(', ')}**`;
  const notes = new Set(cells.flatMap(notesAt));
  return [text, ...[...notes].map((id) => `[^${id}]`)].join('');
}

function markdownTable(head: string[], rows: string[][]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: string[]) =>
    `| ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function definitions(axis: Record<string, string>): string {
  return list(Object.entries(axis).map(([name, meaning]) => `**${name}**: ${meaning}`));
}

function list(items: string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
