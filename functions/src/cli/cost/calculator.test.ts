/** The calculator, and the tables of docs/guides/cost.md that it makes. */
import { costTables } from '../../../test/cost-page.js';
import { expectSectionUpToDate } from '../../../test/generated-file.js';
import {
  demandOfUploads,
  demandOfViews,
  firstToBind,
  LIMITS,
  settingsFor,
} from '../../../test/scale/model.js';
import { scaleTables } from '../../../test/scale/page.js';
import { costOf, operationsOfUpload, SETUPS, type Scenario, type Setup } from './calculator.js';
import { cost, NUMBERS, USAGE } from './command.js';
import { PRICES } from './prices.js';

const SCENARIO: Scenario = {
  uploads: 10_000,
  views: 1_000_000,
  cdn: 0.9,
  memory: 0.5,
  viewKb: 60,
  renditions: 5,
  renditionsKb: 400,
  originalKb: 3_000,
  stored: 10_000,
};
const NOTHING: Scenario = { ...SCENARIO, uploads: 0, views: 0, stored: 0 };
const NAMES = Object.keys(SETUPS) as Setup[];

/** Runs the command. */
function run(...argv: string[]) {
  let [out, err] = ['', ''];
  const code = cost(argv, {
    out: (text) => (out += text),
    err: (text) => (err += text),
  });
  return { code, out, err };
}

test('the tables of docs/guides/cost.md are up to date (npm run docs)', () => {
  for (const [name, text] of Object.entries(costTables())) {
    expectSectionUpToDate('docs/guides/cost.md', name, text);
  }
});

test('an upload bills what is counted, with the upload itself', () => {
  expect(operationsOfUpload(5)).toEqual({
    documentRead: 5,
    documentWrite: 4,
    documentDelete: 0,
    classA: 7,
    classB: 2,
    tasks: 1,
    calls: { originalFinalized: 6, metadataUpdated: 1, processImage: 1 },
  });
});

test('a million uploads cost what the prices say, instance time apart', () => {
  const uploads = 1_000_000;
  const { uploads: usd } = costOf('direct', { ...NOTHING, uploads });
  const documents = 5 * 0.3 + 4 * 0.9;
  // Two reads and seven notifications.
  const objects = 7 * 5 + 9 * 0.4;
  const calls = 8 * 0.4 + 2 * 0.4;
  const processing = uploads * 0.3 * (0.000024 + 2 * 0.0000025);
  const events = (uploads * 7 * 4 * 1024 * 40) / 1024 ** 4;
  const known = documents + objects + calls + processing + events;
  expect(usd).toBeGreaterThan(known);
  // A light instance all month is at most this.
  expect(usd).toBeLessThan(known + 730 * 3600 * (0.000024 + 0.25 * 0.0000025));
});

test('views without a CDN cost requests, reads, bytes and instance time', () => {
  const { views, traffic } = costOf('direct', { ...NOTHING, views: 1_000_000 });
  expect(traffic).toBeCloseTo(60 * 0.12, 6);
  const known = 0.4 + 0.5 * (0.3 + 0.4);
  expect(views).toBeGreaterThan(known);
  // Each request alone on an instance, for the shortest time that is billed.
  expect(views).toBeLessThan(known + 1_000_000 * 0.1 * (0.000024 + 0.5 * 0.0000025));
});

test.each(NAMES)(
  '%s: the total is the sum, more of anything costs no less, nothing is free',
  (setup) => {
    const { total, ...parts } = costOf(setup, SCENARIO);
    expect(total).toBeCloseTo(
      Object.values(parts).reduce((sum, usd) => sum + usd, 0),
      9,
    );
    for (const name of ['uploads', 'views', 'stored', 'viewKb', 'originalKb'] as const) {
      const more = costOf(setup, { ...SCENARIO, [name]: SCENARIO[name] * 2 }).total;
      expect([name, more >= total]).toEqual([name, true]);
    }
    const fixed = setup === 'cloudCdn' ? 730 * 0.025 : 0;
    expect(costOf(setup, NOTHING).total).toBeCloseTo(fixed, 9);
  },
);

test('a CDN that answers every view leaves no call of serve', () => {
  for (const setup of ['cloudflare', 'hosting', 'cloudCdn'] as const) {
    expect(costOf(setup, { ...SCENARIO, cdn: 1 }).views).toBe(0);
  }
  expect(costOf('direct', { ...SCENARIO, cdn: 1 })).toEqual(costOf('direct', SCENARIO));
});

test('each price has a source and the date when it was read', () => {
  for (const { url, read, usd, unit } of Object.values(PRICES)) {
    expect(url).toMatch(/^https:\/\/[\w.]+\/[\w/-]+$/);
    expect(read).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    expect(Date.parse(read)).toBeGreaterThan(Date.parse('2026-01-01'));
    expect(usd).toBeGreaterThanOrEqual(0);
    expect(unit).not.toBe('');
  }
});

test('the tables of docs/design/scale.md are up to date (npm run docs)', () => {
  for (const [name, text] of Object.entries(scaleTables())) {
    expectSectionUpToDate('docs/design/scale.md', name, text);
  }
});

describe('the model of growth', () => {
  it('has demands in proportion to the rate, by what is counted', () => {
    expect(demandOfUploads(100)).toMatchObject({ dispatches: 100, objectWrites: 700 });
    expect(demandOfUploads(200).processing).toBeCloseTo(2 * (demandOfUploads(100).processing ?? 0));
    expect(demandOfViews(1000, 1)).toEqual({ serve: 0, objectReads: 0, documentReads: 0 });
  });

  it('finds the limit of which the largest share is needed', () => {
    expect(firstToBind({ dispatches: 400, objectWrites: 900 })).toEqual({
      name: 'objectWrites',
      share: 0.9,
    });
  });

  it('splits by queues where nothing raises their limit, and sets nothing that is enough', () => {
    expect(settingsFor({ dispatches: 501, processing: 1 })).toEqual({ settings: {}, kits: 2 });
    const { settings, kits } = settingsFor(demandOfUploads(10_000));
    expect(kits).toBe(20);
    const instances = (settings['MAX_PROCESSING_INSTANCES'] ?? 0) * kits;
    expect(instances).toBeGreaterThan(demandOfUploads(10_000).processing ?? Infinity);
    expect(settings['MAX_PROCESSING_INSTANCES']).toBeLessThanOrEqual(1000);
    expect(LIMITS.dispatches).not.toHaveProperty('raise');
  });
});

describe('storage-public-variants cost', () => {
  it('prints the comparison, with the defaults as the options state them', () => {
    const { code, out, err } = run();
    expect([code, err]).toEqual([0, '']);
    for (const name of Object.values(SETUPS)) expect(out).toContain(name);
    expect(out).toContain('10,000 uploads and 1,000,000 views a month');
    expect(run('--uploads', '10000', '--views', '1e6', '--cdn', '0.9')).toEqual({
      ...{ code, out, err },
    });
  });

  it('prints a document that has what the table has', () => {
    const { out } = run('--json', '--views', '5', '--stored', '7');
    const document = JSON.parse(out) as { scenario: Scenario; costs: Record<Setup, object> };
    expect(document.scenario).toEqual({ ...SCENARIO, views: 5, stored: 7 });
    expect(document.costs.direct).toEqual(costOf('direct', document.scenario));
  });

  it('prints the prices with their sources', () => {
    const { out } = run('--prices');
    for (const { url } of Object.values(PRICES)) expect(out).toContain(url);
  });

  it('prints its usage, which has every option and its default', () => {
    expect(run('--help')).toEqual({ code: 0, out: USAGE, err: '' });
    for (const [name, { default: value }] of Object.entries(NUMBERS)) {
      const line = new RegExp(
        `^--${name} N .*${value === undefined ? '' : `\\(${value}\\)`}$`,
        'm',
      );
      expect(USAGE).toMatch(line);
    }
  });

  it.each([
    [['--cdn', '90'], '--cdn: expected a number from 0 to 1, found "90"'],
    [['--views', '-5'], "Option '--views' argument is ambiguous"],
    [['--views=-5'], '--views: expected a number from 0 to 10000000000000, found "-5"'],
    [['--uploads', ''], '--uploads: expected a number from 0 to 100000000000, found ""'],
    [['--uploads', 'NaN'], 'found "NaN"'],
    [['--uploads', '1e999'], 'found "1e999"'],
    [['--color'], "Unknown option '--color'"],
  ])('%j: one sentence and exit code 2', (argv, message) => {
    const { code, out, err } = run(...argv);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });
});
