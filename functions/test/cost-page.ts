/** The generated tables of docs/guides/cost.md, by name. */
import { markdownTable } from 'markdown-table';
import { operationsOfUpload, type Scenario } from '../src/cli/cost/calculator.js';
import { COST_HEAD, costRows, NUMBERS, PRICE_HEAD, priceRows } from '../src/cli/cost/command.js';
import { MEASURED } from '../src/cli/cost/measured.js';
import { OPERATIONS, type Operations } from '../src/cli/cost/operations.js';

/** What the options of the command have by default. */
export const DEFAULT_SCENARIO: Scenario = {
  uploads: NUMBERS.uploads.default,
  views: NUMBERS.views.default,
  cdn: NUMBERS.cdn.default,
  memory: NUMBERS.memory.default,
  viewKb: NUMBERS['view-kb'].default,
  renditions: NUMBERS.renditions.default,
  renditionsKb: NUMBERS['renditions-kb'].default,
  originalKb: NUMBERS['original-kb'].default,
  stored: NUMBERS.uploads.default,
};

/** Scenarios of the page: uploads and views a month. */
const SIZES = [
  [1_000, 100_000],
  [10_000, 1_000_000],
  [1_000_000, 100_000_000],
] as const;

/** @returns Markdown by the name of the part */
export function costTables(): Record<string, string> {
  return {
    operations: operationsTable(),
    comparison: SIZES.map(([uploads, views]) => comparison(uploads, views)).join('\n\n'),
    prices: table(
      PRICE_HEAD,
      priceRows().map(([what = '', price = '', url = '', read = '']) => [
        what,
        price,
        `[source](${url})`,
        read,
      ]),
    ),
  };
}

function comparison(uploads: number, views: number): string {
  const scenario = { ...DEFAULT_SCENARIO, uploads, views, stored: uploads };
  const count = (value: number) => value.toLocaleString('en-US');
  return `**${count(uploads)} uploads and ${count(views)} views a month:**\n\n${table(
    COST_HEAD,
    costRows(scenario),
  )}`;
}

function operationsTable(): string {
  const { renditions } = DEFAULT_SCENARIO;
  const rows: [string, Operations][] = [
    [`upload with ${renditions} renditions`, operationsOfUpload(renditions)],
    ['each further rendition of an upload', OPERATIONS.rendition],
    ['view, not in memory', OPERATIONS.view],
    ['view of another size of the same image', OPERATIONS.viewOfOtherVariant],
    ['view from memory', OPERATIONS.viewFromMemory],
    ['well-formed token that does not exist', OPERATIONS.viewOfUnknownToken],
    ['deletion of an original', OPERATIONS.deletion],
    ['each rendition of it', OPERATIONS.deletedRendition],
  ];
  const head = [
    '',
    'Firestore: reads',
    'writes',
    'deletes',
    'Storage: class A',
    'class B',
    'tasks',
    'calls',
  ];
  return table(
    head,
    rows.map(([name, operations]) => [
      name,
      ...(
        ['documentRead', 'documentWrite', 'documentDelete', 'classA', 'classB', 'tasks'] as const
      ).map((key) => String(operations[key] ?? 0)),
      Object.entries(operations.calls ?? {})
        .map(([called, count]) => `\`${called}\`${count > 1 ? ` × ${count}` : ''}`)
        .join(', '),
    ]),
  ).concat(
    `\n\nMeasured beside: an upload takes ${MEASURED.uploadCpuMs} ms of CPU time (${MEASURED.lightCpuMs} of them in the light functions), ` +
      `a view from memory ${MEASURED.viewCpuMs} ms.`,
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return markdownTable([head, ...rows], {
    align: head.map((_, column) => (column === 0 ? 'left' : 'right')),
    padding: true,
    alignDelimiters: false,
  });
}
