/** Checks the filters on metrics of functions/monitoring, which nothing here runs: those on logs are matched by log-events.test.ts. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMetricFilter } from '../functions/test/monitoring/metric-filter.js';
import { checkQuery, type Aggregation } from '../functions/test/monitoring/metric-query.js';

const FOLDER = join(__dirname, '..', 'functions', 'monitoring');
const read = (file: string) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as unknown;

interface Policy {
  conditions: {
    conditionThreshold: {
      filter: string;
      aggregations: Aggregation[];
      denominatorFilter?: string;
      denominatorAggregations?: Aggregation[];
      duration: string;
    };
  }[];
}
interface Dashboard {
  mosaicLayout: {
    tiles: {
      widget: {
        title: string;
        xyChart: {
          dataSets: {
            timeSeriesQuery: { timeSeriesFilter: { filter: string; aggregation: Aggregation } };
          }[];
        };
      };
    }[];
  };
}

interface Named {
  of: string;
  filter: string;
  aggregation: Aggregation;
  needsResource: boolean;
}

const POLICIES = readdirSync(join(FOLDER, 'alerts')).map((file) => {
  const { conditions } = read(join('alerts', file)) as Policy;
  return [file, conditions.map(({ conditionThreshold }) => conditionThreshold)] as const;
});

const QUERIES: Named[] = [
  ...POLICIES.flatMap(([of, conditions]) =>
    conditions.flatMap((condition) => [
      ...condition.aggregations.map((aggregation) => ({
        ...{ of, filter: condition.filter, aggregation, needsResource: true },
      })),
      ...(condition.denominatorAggregations ?? []).map((aggregation) => ({
        of: `${of}, denominator`,
        ...{ filter: condition.denominatorFilter ?? '', aggregation, needsResource: true },
      })),
    ]),
  ),
  ...(read('dashboard.json') as Dashboard).mosaicLayout.tiles.flatMap(({ widget }) =>
    widget.xyChart.dataSets.map(({ timeSeriesQuery: { timeSeriesFilter } }) => ({
      of: `dashboard, ${widget.title}`,
      ...{ ...timeSeriesFilter, needsResource: false },
    })),
  ),
];

test.each(QUERIES.map((query) => [query.of, query] as const))('%s', (_, query) => {
  // What is compared with a threshold or drawn as a line.
  expect(['INT64', 'DOUBLE']).toContain(checkQuery(query).valueType);
});

test('each file and each chart has a query', () => {
  expect(QUERIES.length).toBeGreaterThan(2 * POLICIES.length);
  for (const [, conditions] of POLICIES) {
    for (const condition of conditions) {
      expect(condition.aggregations).not.toEqual([]);
      // A share is computed of points that have the same times.
      expect(condition.denominatorAggregations ?? condition.aggregations).toEqual(
        condition.aggregations,
      );
      expect(Number.parseInt(condition.duration) % 60).toBe(0);
    }
  }
});

test('services are functions that are deployed, and queues are those of the instance', () => {
  const page = readFileSync(join(__dirname, '..', 'docs', 'reference', 'functions.md'), 'utf8');
  const functions = [...page.matchAll(/^[|] `(\w+)` +[|]/gm)].map(([, name = '']) => name);
  const compared = QUERIES.flatMap(({ filter }) => parseMetricFilter(filter));
  const valuesOf = (label: string) => [
    ...new Set(
      compared
        .filter(({ object }) => object === `resource.labels.${label}`)
        .map((one) => one.value),
    ),
  ];
  expect(functions).toContain('serve');
  for (const service of valuesOf('service_name')) {
    expect(functions.map((name) => `INSTANCE-${name}`)).toContain(service);
  }
  const queues = valuesOf('queue_id');
  expect(queues).toHaveLength(1);
  expect(functions.every((name) => new RegExp(`^${queues[0]}$`).test(`INSTANCE-${name}`))).toBe(
    true,
  );
});

const COUNT = 'metric.type="run.googleapis.com/request_count"';
const RUN = 'resource.type="cloud_run_revision"';
const DEPTH = 'metric.type="cloudtasks.googleapis.com/queue/depth"';
const LATENCY = 'metric.type="logging.googleapis.com/user/spv-INSTANCE-lock-latency"';

function check(filter: string, aligner = 'ALIGN_RATE', reducer = 'REDUCE_SUM', more = {}) {
  return checkQuery({
    filter,
    aggregation: {
      ...{ alignmentPeriod: '300s', perSeriesAligner: aligner, crossSeriesReducer: reducer },
      ...more,
    },
    needsResource: true,
  });
}

test.each([
  [`${COUNT} AND ${RUN} AND metric.labels.response_code="429"`],
  [`${COUNT} ${RUN} (metric.label.response_code="429" OR metric.label.response_code="503")`],
  [`${RUN} AND NOT metric.labels.response_code_class=one_of("4xx", "5xx") AND ${COUNT}`],
  [`${COUNT} AND ${RUN} AND resource.labels.service_name=starts_with("INSTANCE-")`],
])('accepts %s', (filter) => expect(check(filter)).toEqual({ kind: 'GAUGE', valueType: 'DOUBLE' }));

test.each([
  [`${COUNT} AND`, 'expected a selector, found the end'],
  [`${COUNT} AND (${RUN}`, 'expected ), found the end'],
  [`${COUNT}) AND ${RUN}`, 'expected the end, found )'],
  [`${COUNT} AND resource.type='x'`, 'expected a filter'],
  [`${COUNT} AND ${RUN} AND jsonPayload.event="x"`, 'expected a selector, found jsonPayload'],
  [`${COUNT} AND resource.type~"x"`, 'expected a filter'],
  [`${COUNT} AND resource.type=cloud_run_revision`, 'expected a text'],
  [`${COUNT} AND resource.labels.service_name=regex("x")`, 'found regex'],
  [`${COUNT} AND resource.labels.service_name>starts_with("x")`, 'expected = or !='],
  [`${COUNT} AND resource.labels.service_name=monitoring.regex.full_match("(")`, 'Invalid regular'],
  [COUNT, 'expected a resource.type'],
  [RUN, 'expected a metric of the table, found undefined'],
  [`metric.type="run.googleapis.com/requests" AND ${RUN}`, 'found run.googleapis.com/requests'],
  [`${COUNT} AND resource.type="cloud_function"`, 'expected cloud_run_revision for'],
  [`${DEPTH} AND ${RUN}`, 'expected cloud_tasks_queue for'],
  [`${COUNT} AND ${DEPTH} AND ${RUN}`, 'expected one metric.type'],
  [`(${COUNT} OR ${DEPTH}) AND ${RUN}`, 'expected one metric.type'],
  [`NOT ${COUNT} AND ${RUN}`, 'expected one metric.type'],
  [`metric.type=starts_with("run.") AND ${RUN}`, 'expected one metric.type'],
  [`${COUNT} AND ${RUN} AND metric.labels.status="429"`, 'found metric.labels.status'],
  [`${COUNT} AND ${RUN} AND metric.labels.response_code="5xx"`, 'to match'],
  [`${COUNT} AND ${RUN} AND resource.labels.queue_id="x"`, 'found resource.labels.queue_id'],
  [`${COUNT} AND ${RUN} AND metadata.user_labels.x="y"`, 'expected a label of the metric'],
])('refuses %s', (filter, message) => expect(() => check(filter)).toThrow(message));

test.each([
  [`${DEPTH} AND resource.type="cloud_tasks_queue"`, 'ALIGN_RATE', 'REDUCE_SUM', {}],
  [`${DEPTH} AND resource.type="cloud_tasks_queue"`, 'ALIGN_DELTA', 'REDUCE_SUM', {}],
  [`${COUNT} AND ${RUN}`, 'ALIGN_PERCENTILE_50', 'REDUCE_SUM', {}],
  [`${LATENCY} AND ${RUN}`, 'ALIGN_MAX', 'REDUCE_MAX', {}],
  [`${LATENCY} AND ${RUN}`, 'ALIGN_DELTA', 'REDUCE_MAX', {}],
  [`${COUNT} AND ${RUN}`, 'ALIGN_SUMS', 'REDUCE_SUM', {}],
  [`${COUNT} AND ${RUN}`, 'ALIGN_RATE', 'REDUCE_NOTHING', {}],
  [`${COUNT} AND ${RUN}`, 'ALIGN_RATE', 'REDUCE_SUM', { alignmentPeriod: '30s' }],
  [`${COUNT} AND ${RUN}`, 'ALIGN_RATE', 'REDUCE_SUM', { groupByFields: ['metric.labels.status'] }],
  [`${COUNT} AND ${RUN}`, 'ALIGN_RATE', 'REDUCE_SUM', { groupByFields: ['metric.type'] }],
])('refuses %s with %s, %s, %j', (filter, aligner, reducer, more) =>
  expect(() => check(filter, aligner, reducer, more)).toThrow(/^expected/),
);
