/** `storage-public-variants cost`: what a month costs, at list prices. */
import { parseArgs } from 'node:util';
import type { Terminal } from '../terminal.js';
import { costOf, SETUPS, type Cost, type Scenario, type Setup } from './calculator.js';
import { PRICES } from './prices.js';

/** Defaults and limits of the options that take a number. */
export const NUMBERS = {
  uploads: { default: 10_000, max: 1e11 },
  views: { default: 1_000_000, max: 1e13 },
  cdn: { default: 0.9, max: 1 },
  memory: { default: 0.5, max: 1 },
  'view-kb': { default: 60, max: 1e6 },
  renditions: { default: 5, max: 100 },
  'renditions-kb': { default: 400, max: 1e6 },
  'original-kb': { default: 3000, max: 1e6 },
  stored: { default: undefined, max: 1e12 },
} as const;

type NumberName = keyof typeof NUMBERS;

const NAMES = Object.keys(NUMBERS) as NumberName[];

export const USAGE = `storage-public-variants cost [OPTIONS]

Estimates what a month costs in US dollars, from list prices of us-central1 without free tiers, and from operations
that a test counts; beside storage-resize-images, Cloudflare Images and imgproxy on Cloud Run.

--uploads N        images uploaded in the month (10000)
--views N          requests for an image in the month (1000000)
--cdn N            share of the views that a CDN answers (0.9)
--memory N         share of the others that the memory of serve answers (0.5)
--view-kb N        size of an image that is viewed, kilobytes (60)
--renditions N     renditions of an image (5)
--renditions-kb N  all renditions of an image, kilobytes (400)
--original-kb N    an original, kilobytes (3000)
--stored N         images that are stored; the number of uploads by default
--prices           prints the prices, each with its source and date
--json             prints a JSON document

Exit code: 0, or 2 if an option is not valid.
`;

class InputError extends Error {}

/** @returns the exit code */
export function cost(argv: string[], { out, err }: Pick<Terminal, 'out' | 'err'>): number {
  try {
    const { help, prices, json, scenario } = parseOptions(argv);
    if (help) out(USAGE);
    else if (json) out(`${JSON.stringify(documentOf(scenario), null, 2)}\n`);
    else if (prices) out(pricesText());
    else out(costText(scenario));
    return 0;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    err(`${error.message}\n`);
    return 2;
  }
}

/** @throws InputError */
function parseOptions(argv: string[]) {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args: argv,
      options: {
        help: { type: 'boolean', default: false },
        prices: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        ...Object.fromEntries(NAMES.map((name) => [name, { type: 'string' as const }])),
      },
    }));
  } catch (error) {
    throw new InputError(`${(error as Error).message}\n\n${USAGE.trimEnd()}`);
  }
  const number = (name: NumberName) => parseNumber(name, values[name]);
  const uploads = number('uploads') ?? 0;
  const scenario: Scenario = {
    uploads,
    views: number('views') ?? 0,
    cdn: number('cdn') ?? 0,
    memory: number('memory') ?? 0,
    viewKb: number('view-kb') ?? 0,
    renditions: number('renditions') ?? 0,
    renditionsKb: number('renditions-kb') ?? 0,
    originalKb: number('original-kb') ?? 0,
    stored: number('stored') ?? uploads,
  };
  const { help, prices, json } = values;
  return { help: help === true, prices: prices === true, json: json === true, scenario };
}

/** @throws InputError */
function parseNumber(name: NumberName, text: string | boolean | undefined): number | undefined {
  const { default: value, max } = NUMBERS[name];
  if (typeof text !== 'string') return value;
  const number = Number(text);
  const isValid = /^\d+([.]\d+)?(e\d+)?$/i.test(text) && number <= max;
  if (!isValid)
    throw new InputError(`--${name}: expected a number from 0 to ${max}, found "${text}"`);
  return number;
}

function documentOf(scenario: Scenario) {
  const costs = SETUP_NAMES.map((setup) => [setup, costOf(setup, scenario)]);
  return { scenario, costs: Object.fromEntries(costs) as Record<Setup, Cost>, prices: PRICES };
}

const SETUP_NAMES = Object.keys(SETUPS) as Setup[];
const COLUMNS = ['uploads', 'storage', 'views', 'traffic', 'total'] as const;

/** The rows of the comparison: a name, and US dollars with two digits. */
export function costRows(scenario: Scenario): string[][] {
  return SETUP_NAMES.map((setup) => {
    const parts = costOf(setup, scenario);
    return [SETUPS[setup], ...COLUMNS.map((name) => dollars(parts[name]))];
  });
}

/** The head of the comparison. */
export const COST_HEAD = ['US dollars a month', ...COLUMNS];

/** The rows of the table of prices. */
export function priceRows(): string[][] {
  return Object.values(PRICES).map(({ what, usd, unit, url, read }) => [
    what,
    `$${plain(usd)} per ${unit}`,
    url,
    read,
  ]);
}

export const PRICE_HEAD = ['what', 'price', 'source', 'read'];

/** Two digits, and a separator between thousands. */
export function dollars(usd: number): string {
  return usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** Without an exponent. */
function plain(usd: number): string {
  return usd.toLocaleString('en-US', { maximumFractionDigits: 9 });
}

function costText(scenario: Scenario): string {
  const { uploads, views, cdn, stored } = scenario;
  const count = (value: number) => value.toLocaleString('en-US');
  return `${count(uploads)} uploads and ${count(views)} views a month, ${count(stored)} images stored; a CDN answers ${
    Math.round(cdn * 1000) / 10
  } % of the views

${columns([COST_HEAD, ...costRows(scenario)])}
List prices of us-central1 without free tiers, read on ${lastRead()}; --prices prints each with its source.
Not included: the app's own reads of image records, logs, and the free tiers.
`;
}

function pricesText(): string {
  return columns([PRICE_HEAD, ...priceRows()], PRICE_HEAD.length);
}

function lastRead(): string {
  return Object.values(PRICES).reduce((last, { read }) => (read > last ? read : last), '');
}

/** @param left how many columns are aligned left; the others have numbers */
function columns(rows: string[][], left = 1): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column < left ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
