/** The attack table by itself: it is whole, it keeps the promises, and docs/locks.md says the same. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { LOCKS_FILE, locksPage } from './access/document.js';
import {
  NOTES,
  actors,
  acts,
  allCells,
  askedCells,
  expected,
  notesAt,
  reasons,
  states,
  things,
  type Cell,
} from './access/table.js';

const open = allCells().filter((cell) => expected(cell) === 'yes');
const isOwner = ({ actor }: Cell) => actor === 'owner' || actor === 'anonymous owner';

test('docs/locks.md says what the table says (npm run docs)', () => {
  if (process.env['WRITE_DOCS'] !== undefined) {
    mkdirSync(dirname(LOCKS_FILE), { recursive: true });
    writeFileSync(LOCKS_FILE, locksPage());
  }
  // A checkout on Windows may have other ends of lines.
  expect(readFileSync(LOCKS_FILE, 'utf8').replaceAll('\r\n', '\n')).toBe(locksPage());
});

describe('the table', () => {
  test('has every cell, each with an answer', () => {
    const product = actors.length * things.length * acts.length * states.length;
    expect(new Set(allCells().map((cell) => JSON.stringify(cell))).size).toBe(product);
    for (const cell of allCells()) expect(['yes', 'no', '—']).toContain(expected(cell));
    expect(askedCells().length).toBeGreaterThan(1000);
  });

  test('has no act that exists for nobody, and no act that exists for some only', () => {
    for (const act of acts) {
      for (const thing of things) {
        const cells = actors.flatMap((actor) =>
          states.map((state) => ({ actor, thing, act, state })),
        );
        expect(new Set(cells.map((cell) => expected(cell) === '—')).size).toBe(1);
      }
      expect(askedCells().some((cell) => cell.act === act)).toBe(true);
    }
  });

  test('has a reason for every rule, and every footnote stands somewhere', () => {
    for (const reason of reasons()) expect(reason).toMatch(/^[A-Z].+\.$/);
    const used = new Set(allCells().flatMap(notesAt));
    expect([...used].sort()).toEqual(NOTES.map(({ id }) => id).sort());
    const page = locksPage();
    for (const id of used) {
      // Once explained, and at least once referred to.
      expect(page.split(`[^${id}]:`)).toHaveLength(2);
      expect(page.split(`[^${id}]`).length).toBeGreaterThan(2);
    }
  });
});

describe('the promises', () => {
  test('nobody but the owner does anything to an original', () => {
    const cells = open.filter(({ thing }) => thing === 'original');
    expect(cells.length).toBeGreaterThan(0);
    expect(cells.filter((cell) => !isOwner(cell))).toEqual([]);
  });

  test("nobody's download token opens anything, in no state", () => {
    expect(open.filter(({ act }) => act === 'download by token')).toEqual([]);
  });

  test('a rendition is reached by getting it with a public token and by nothing else', () => {
    const cells = open.filter(({ thing }) => thing === 'rendition');
    expect(new Set(cells.map(({ actor, act }) => `${actor}: ${act}`))).toEqual(
      new Set(['token holder: get']),
    );
  });

  test('a public token opens renditions and nothing else; revoked, it opens nothing', () => {
    const cells = open.filter(({ actor }) => actor === 'token holder');
    expect(new Set(cells.map(({ thing }) => thing))).toEqual(new Set(['rendition']));
    expect(cells.filter(({ state }) => state === 'revoked')).toEqual([]);
  });

  test('nobody at all reaches a token record', () => {
    expect(open.filter(({ thing }) => thing === 'token record')).toEqual([]);
  });

  test('only the owner reads an image record, and nobody writes one', () => {
    const cells = open.filter(({ thing }) => thing === 'image record');
    expect(cells.filter((cell) => !isOwner(cell))).toEqual([]);
    expect(new Set(cells.map(({ act }) => act))).toEqual(new Set(['get', 'list', 'query']));
  });

  test("nobody reaches a stranger's things", () => {
    expect(open.filter(({ thing }) => thing === "a stranger's things")).toEqual([]);
  });

  test('nothing opens to the signed out, other users, and holders of old links or names', () => {
    const closed = ['signed out', 'other user', 'link holder', 'name holder'];
    expect(open.filter(({ actor }) => closed.includes(actor))).toEqual([]);
  });

  test('an anonymous account is an account like any other', () => {
    for (const cell of allCells().filter(({ actor }) => actor === 'owner')) {
      expect(expected({ ...cell, actor: 'anonymous owner' })).toBe(expected(cell));
    }
  });
});
