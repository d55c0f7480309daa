/** The access table is complete, keeps the documented promises, and matches docs/reference/access.md. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ACCESS_PAGE, accessPage } from './access/document.js';
import {
  NOTES,
  actors,
  acts,
  allCells,
  expected,
  notesAt,
  reasons,
  states,
  testedCells,
  things,
  type Cell,
} from './access/table.js';

const allowed = allCells().filter((cell) => expected(cell) === 'yes');
const isOwner = ({ actor }: Cell) => actor === 'owner' || actor === 'anonymous owner';

test('docs/reference/access.md is up to date (npm run docs)', () => {
  if (process.env['WRITE_DOCS'] !== undefined) {
    mkdirSync(dirname(ACCESS_PAGE), { recursive: true });
    writeFileSync(ACCESS_PAGE, accessPage());
  }
  // A checkout on Windows may have CRLF line endings.
  expect(readFileSync(ACCESS_PAGE, 'utf8').replaceAll('\r\n', '\n')).toBe(accessPage());
});

describe('the table', () => {
  test('has an answer for every cell', () => {
    const product = actors.length * things.length * acts.length * states.length;
    expect(new Set(allCells().map((cell) => JSON.stringify(cell))).size).toBe(product);
    for (const cell of allCells()) expect(['yes', 'no', '—']).toContain(expected(cell));
    expect(testedCells().length).toBeGreaterThan(1000);
  });

  test('has each act for all actors and states of a thing or for none, and for at least one thing', () => {
    for (const act of acts) {
      for (const thing of things) {
        const cells = actors.flatMap((actor) =>
          states.map((state) => ({ actor, thing, act, state })),
        );
        expect(new Set(cells.map((cell) => expected(cell) === '—')).size).toBe(1);
      }
      expect(testedCells().some((cell) => cell.act === act)).toBe(true);
    }
  });

  test('has a reason for every rule, and uses every footnote', () => {
    for (const reason of reasons()) expect(reason).toMatch(/^[A-Z].+\.$/);
    const used = new Set(allCells().flatMap(notesAt));
    expect([...used].sort()).toEqual(NOTES.map(({ id }) => id).sort());
    const page = accessPage();
    for (const id of used) {
      // Defined once and referenced at least once.
      expect(page.split(`[^${id}]:`)).toHaveLength(2);
      expect(page.split(`[^${id}]`).length).toBeGreaterThan(2);
    }
  });
});

describe('the promises', () => {
  test('only the owner has access to an original', () => {
    const cells = allowed.filter(({ thing }) => thing === 'original');
    expect(cells.length).toBeGreaterThan(0);
    expect(cells.filter((cell) => !isOwner(cell))).toEqual([]);
  });

  test('no download token gives access to anything in any state', () => {
    expect(allowed.filter(({ act }) => act === 'download by token')).toEqual([]);
  });

  test('the only access to a rendition is a GET with its public token', () => {
    const cells = allowed.filter(({ thing }) => thing === 'rendition');
    expect(new Set(cells.map(({ actor, act }) => `${actor}: ${act}`))).toEqual(
      new Set(['token holder: get']),
    );
  });

  test('a public token gives access to renditions only, and to nothing once revoked', () => {
    const cells = allowed.filter(({ actor }) => actor === 'token holder');
    expect(new Set(cells.map(({ thing }) => thing))).toEqual(new Set(['rendition']));
    expect(cells.filter(({ state }) => state === 'revoked')).toEqual([]);
  });

  test('a held image has no public view, and its owner has the same access as before', () => {
    const held = allCells().filter(({ state }) => state === 'held');
    expect(held.filter((cell) => expected(cell) === 'yes' && !isOwner(cell))).toEqual([]);
    for (const cell of held.filter(isOwner)) {
      expect(expected(cell)).toBe(expected({ ...cell, state: 'ready' }));
    }
  });

  test('nobody has access to a token record', () => {
    expect(allowed.filter(({ thing }) => thing === 'token record')).toEqual([]);
  });

  test.each(['image record', 'share record'])(
    'only the owner reads an %s, nobody writes one',
    (record) => {
      const cells = allowed.filter(({ thing }) => thing === record);
      expect(cells.filter((cell) => !isOwner(cell))).toEqual([]);
      expect(new Set(cells.map(({ act }) => act))).toEqual(new Set(['get', 'list', 'query']));
    },
  );

  test("nobody has access to a stranger's things", () => {
    expect(allowed.filter(({ thing }) => thing === "a stranger's things")).toEqual([]);
  });

  test('signed-out users, other users, link holders and name holders have no access', () => {
    const denied = ['signed out', 'other user', 'link holder', 'name holder'];
    expect(allowed.filter(({ actor }) => denied.includes(actor))).toEqual([]);
  });

  test('an anonymous owner has the same access as an owner', () => {
    for (const cell of allCells().filter(({ actor }) => actor === 'owner')) {
      expect(expected({ ...cell, actor: 'anonymous owner' })).toBe(expected(cell));
    }
  });
});
