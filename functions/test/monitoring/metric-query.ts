/** Checks a filter of Cloud Monitoring and its aggregation against the table of metrics. */
import { parseMetricFilter, type Comparison } from './metric-filter.js';
import {
  METRIC_TYPES,
  OPERATIONS,
  RESOURCE_TYPES,
  type MetricKind,
  type MetricType,
  type ValueType,
} from './metric-types.js';
import { logMetrics, metricType } from './metrics.js';

/** As alert policies and dashboards have it. */
export interface Aggregation {
  alignmentPeriod: string;
  perSeriesAligner: string;
  crossSeriesReducer: string;
  groupByFields?: readonly string[];
}

export interface Query {
  filter: string;
  aggregation: Aggregation;
  /** Alert policies must name the type of the resource; charts need not. */
  needsResource: boolean;
}

/** What the time series are once they are aggregated. */
export interface Result {
  kind: MetricKind;
  valueType: ValueType;
}

/** The metrics of Google and of functions/monitoring/metrics. */
function metricTypes(): Readonly<Record<string, MetricType>> {
  const ofLogs = Object.entries(logMetrics()).map(([name, { filter, metricDescriptor }]) => {
    const [, resource = ''] = /resource[.]type="(\w+)"/.exec(filter) ?? [];
    const { metricKind: kind, valueType } = metricDescriptor;
    // Cloud Logging adds the label `log`.
    const labels = { log: /./ };
    return [metricType(name), { kind, valueType, labels, resourceTypes: [resource] }] as const;
  });
  return { ...METRIC_TYPES, ...Object.fromEntries(ofLogs) };
}

/** @throws Error that says what was expected */
export function checkQuery({ filter, aggregation, needsResource }: Query): Result {
  const comparisons = parseMetricFilter(filter);
  const type = theOnly('metric.type', comparisons, filter);
  const metric = type === undefined ? undefined : metricTypes()[type];
  if (metric === undefined) throw new Error(`expected a metric of the table, found ${type}`);
  const resource = theOnly('resource.type', comparisons, filter);
  if (resource === undefined && needsResource) {
    throw new Error(`expected a resource.type in ${filter}`);
  }
  if (resource !== undefined && !metric.resourceTypes.includes(resource)) {
    throw new Error(`expected ${metric.resourceTypes.join(' or ')} for ${type}, found ${resource}`);
  }
  const resources = resource === undefined ? metric.resourceTypes : [resource];
  for (const comparison of comparisons)
    checkLabel(comparison.object, metric, resources, comparison);
  for (const field of aggregation.groupByFields ?? []) checkLabel(field, metric, resources);
  const seconds = /^(\d+)s$/.exec(aggregation.alignmentPeriod)?.[1];
  if (!(Number(seconds) >= 60)) {
    throw new Error(`expected at least 60s, found ${aggregation.alignmentPeriod}`);
  }
  const aligned = apply(aggregation.perSeriesAligner, metric);
  return apply(aggregation.crossSeriesReducer, aligned);
}

/** The value of a selector that may be compared once, with `=` and a text; undefined: it is not there. */
function theOnly(object: string, comparisons: readonly Comparison[], filter: string) {
  const [first, ...more] = comparisons.filter((one) => one.object === object);
  if (first === undefined) return undefined;
  const isExact = first.operator === '=' && first.call === undefined && first.isCertain;
  if (more.length > 0 || !isExact) {
    throw new Error(`expected one ${object} that is compared with = in ${filter}`);
  }
  return first.value;
}

/** @param comparison absent for a field to group by */
function checkLabel(
  field: string,
  metric: MetricType,
  resources: readonly string[],
  comparison?: Comparison,
): void {
  const [, of, key = ''] = /^(metric|resource)[.]labels[.](\w+)$/.exec(field) ?? [];
  if (of === undefined) {
    if (comparison !== undefined && /[.]type$/.test(field)) return;
    throw new Error(`expected a label of the metric or of its resource, found ${field}`);
  }
  const values = metric.labels[key];
  const isKnown =
    of === 'metric'
      ? values !== undefined
      : resources.every((one) => RESOURCE_TYPES[one]?.includes(key));
  if (!isKnown) throw new Error(`expected a label that exists, found ${field}`);
  if (of === 'metric' && comparison?.call === undefined && comparison !== undefined) {
    if (values?.test(comparison.value) !== true) {
      throw new Error(`expected ${field} to match ${values}, found ${comparison.value}`);
    }
  }
}

function apply(name: string, { kind, valueType }: Result): Result {
  const operation = OPERATIONS[name];
  if (operation === undefined)
    throw new Error(`expected a known aligner or reducer, found ${name}`);
  if (!operation.kinds.includes(kind) || !operation.valueTypes.includes(valueType)) {
    throw new Error(`expected another operation than ${name} for ${kind} ${valueType}`);
  }
  return { kind, valueType, ...operation.result };
}
