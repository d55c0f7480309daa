/** The generated tables of docs/design/scale.md, by name. */
import { markdownTable } from 'markdown-table';
import {
  costOfRate,
  demandOfUploads,
  demandOfViews,
  firstToBind,
  LIMITS,
  settingsFor,
  type Demand,
  type Limit,
  type LimitName,
} from './model.js';

const UPLOADS = [1, 100, 10_000];
const VIEWS = [1_000, 10_000, 100_000, 1_000_000];
/** Shares of a CDN. */
const SHARES = [0.9, 0.99];
/** A demand that is just the limit may be a bit more because of rounding. */
const ROUNDING = 1.000_001;
const OPTIONS = { alignDelimiters: false };

export function scaleTables(): Record<string, string> {
  return { limits: limitsTable(), uploads: uploadsTable(), views: viewsTable() };
}

function limitsTable(): string {
  const rows = Object.values<Limit>(LIMITS).map(({ what, value, unit, scope, raise, source }) => [
    what,
    `${number(value)} ${unit}`,
    scope,
    raise ?? 'nothing: use more queues',
    `[source](${source})`,
  ]);
  return markdownTable([['limit', 'value', 'of each', 'what raises it', ''], ...rows], OPTIONS);
}

function uploadsTable(): string {
  const demands = UPLOADS.map(demandOfUploads);
  const costs = UPLOADS.map((uploads) => costOfRate({ uploads }, 'direct'));
  return table(
    'uploads a second',
    UPLOADS.map((rate) => number(rate)),
    demands,
    costs,
  );
}

function viewsTable(): string {
  return SHARES.map((cdn) => {
    const demands = VIEWS.map((rate) => demandOfViews(rate, cdn));
    const costs = VIEWS.map((views) => costOfRate({ views, cdn }, 'cloudflare'));
    const head = `views a second, ${cdn * 100} % from a CDN`;
    return table(
      head,
      VIEWS.map((rate) => number(rate)),
      demands,
      costs,
      VIEWS.map((views) => costOfRate({ views, cdn }, 'cloudCdn')),
    );
  }).join('\n\n');
}

/** Bold: more than the limit. */
function table(
  head: string,
  columns: string[],
  demands: readonly Demand[],
  costs: readonly number[],
  balanced?: readonly number[],
): string {
  const names = Object.keys(demands[0] ?? {}) as LimitName[];
  const needs = names.map((name) => [
    LIMITS[name].what,
    ...demands.map((demand) => {
      const needed = demand[name] ?? 0;
      const text = number(needed);
      return needed > LIMITS[name].value * ROUNDING ? `**${text}**` : text;
    }),
  ]);
  const binding = demands.map((demand) => {
    const { name, share } = firstToBind(demand);
    return `${LIMITS[name].what}: ${share >= 2 ? `${number(share)} times` : `${number(share * 100)} %`}`;
  });
  const settings = demands.map((demand) => {
    const { settings: values, kits } = settingsFor(demand);
    const texts = Object.entries(values).map(([name, value]) => `\`${name}=${value}\``);
    return (
      [...texts, ...(kits > 1 ? [`${kits} instances of the kit`] : [])].join(', ') || 'nothing'
    );
  });
  const dollars = (list: readonly number[]) => list.map((usd) => `$${number(usd)}`);
  return markdownTable(
    [
      [head, ...columns],
      ...needs,
      ['binds first', ...binding],
      ['set', ...settings],
      [balanced ? 'a month, Cloudflare (free plan)' : 'a month', ...dollars(costs)],
      ...(balanced ? [['a month, Cloud CDN', ...dollars(balanced)]] : []),
    ],
    { ...OPTIONS, align: ['l', ...columns.map(() => 'r')] },
  );
}

/** Three digits, and a separator between thousands. */
function number(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}
