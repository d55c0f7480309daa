/** The metrics that alerts and dashboard name, and what Cloud Monitoring computes of them. As of 2026-11-28. */

export type MetricKind = 'GAUGE' | 'DELTA' | 'CUMULATIVE';
export type ValueType = 'BOOL' | 'INT64' | 'DOUBLE' | 'STRING' | 'DISTRIBUTION';

export interface MetricType {
  kind: MetricKind;
  valueType: ValueType;
  /** Label keys and the values that they have. */
  labels: Readonly<Record<string, RegExp>>;
  resourceTypes: readonly string[];
}

/**
 * Without the log-based metrics, which functions/monitoring/metrics defines.
 * @see https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run
 * @see https://cloud.google.com/monitoring/api/metrics_gcp_c#gcp-cloudtasks
 */
export const METRIC_TYPES: Readonly<Record<string, MetricType>> = {
  'run.googleapis.com/request_count': {
    ...{ kind: 'DELTA', valueType: 'INT64', resourceTypes: ['cloud_run_revision'] },
    labels: { response_code: /^[1-5]\d\d$/, response_code_class: /^[1-5]xx$/ },
  },
  'run.googleapis.com/container/instance_count': {
    ...{ kind: 'GAUGE', valueType: 'INT64', resourceTypes: ['cloud_run_revision'] },
    labels: { state: /^(active|idle)$/ },
  },
  'run.googleapis.com/container/network/sent_bytes_count': {
    ...{ kind: 'DELTA', valueType: 'INT64', resourceTypes: ['cloud_run_revision'] },
    labels: { kind: /^\w+$/ },
  },
  'cloudtasks.googleapis.com/queue/depth': {
    ...{ kind: 'GAUGE', valueType: 'INT64', resourceTypes: ['cloud_tasks_queue'] },
    labels: {},
  },
};

/**
 * The labels of each monitored resource.
 * @see https://cloud.google.com/monitoring/api/resources
 */
export const RESOURCE_TYPES: Readonly<Record<string, readonly string[]>> = {
  cloud_run_revision: [
    'project_id',
    'service_name',
    'revision_name',
    'location',
    'configuration_name',
  ],
  cloud_tasks_queue: ['project_id', 'queue_id', 'location'],
};

/** Applies to metrics of these kinds and value types; absent results are those of the input. */
interface Operation {
  kinds: readonly MetricKind[];
  valueTypes: readonly ValueType[];
  result?: { kind?: MetricKind; valueType?: ValueType };
}

const NUMERIC = ['INT64', 'DOUBLE'] as const;
const OF_POINTS: Operation = { kinds: ['GAUGE', 'DELTA'], valueTypes: NUMERIC };
const PERCENTILE: Operation = {
  ...{ kinds: ['GAUGE', 'DELTA'], valueTypes: ['DISTRIBUTION'] },
  result: { kind: 'GAUGE', valueType: 'DOUBLE' },
};

/**
 * The aligners and reducers that are known here.
 * @see https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Aligner
 */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ALIGN_DELTA: {
    kinds: ['DELTA', 'CUMULATIVE'],
    valueTypes: [...NUMERIC, 'DISTRIBUTION'],
    result: { kind: 'DELTA' },
  },
  ALIGN_RATE: {
    ...{ kinds: ['DELTA', 'CUMULATIVE'], valueTypes: NUMERIC },
    result: { kind: 'GAUGE', valueType: 'DOUBLE' },
  },
  ALIGN_MIN: OF_POINTS,
  ALIGN_MAX: OF_POINTS,
  ALIGN_MEAN: { ...OF_POINTS, result: { valueType: 'DOUBLE' } },
  ALIGN_SUM: { ...OF_POINTS, valueTypes: [...NUMERIC, 'DISTRIBUTION'] },
  ALIGN_PERCENTILE_05: PERCENTILE,
  ALIGN_PERCENTILE_50: PERCENTILE,
  ALIGN_PERCENTILE_95: PERCENTILE,
  ALIGN_PERCENTILE_99: PERCENTILE,
  REDUCE_MIN: OF_POINTS,
  REDUCE_MAX: OF_POINTS,
  REDUCE_SUM: { ...OF_POINTS, valueTypes: [...NUMERIC, 'DISTRIBUTION'] },
  REDUCE_MEAN: {
    ...{ kinds: ['GAUGE', 'DELTA'], valueTypes: [...NUMERIC, 'DISTRIBUTION'] },
    result: { valueType: 'DOUBLE' },
  },
};
