/** The alerts: one table, of which functions/monitoring/alerts and a table of docs/guides/alerts.md are made. */
import { DEFAULTS } from '../../src/config/config.js';
import { metricType } from './metrics.js';

export interface Alert {
  title: string;
  /** What is true when it fires. */
  meaning: string;
  filter: string;
  /** How points become one number per period. */
  reducer: 'REDUCE_SUM' | 'REDUCE_MAX';
  aligner: 'ALIGN_DELTA' | 'ALIGN_RATE' | 'ALIGN_MAX' | 'ALIGN_PERCENTILE_50' | 'ALIGN_SUM';
  /** It fires above this. */
  threshold: number;
  unit: string;
  /** For how long, seconds. */
  seconds: number;
  /** Rate that it is divided by: the threshold is a share. */
  denominator?: string;
  severity: 'CRITICAL' | 'ERROR' | 'WARNING';
}

const HOUR = 3600;
const QUARTER = 900;
const MANY_INSTANCES = 0.8 * Number(DEFAULTS.MAX_INSTANCES);
const REVISION = 'resource.type="cloud_run_revision"';
const SERVE = `${REVISION} AND resource.labels.service_name="INSTANCE-serve"`;
const REQUESTS = `metric.type="run.googleapis.com/request_count" AND ${SERVE}`;

function ofLogs(name: string): string {
  return `metric.type="${metricType(name)}" AND ${REVISION}`;
}

const COUNT = { reducer: 'REDUCE_SUM', aligner: 'ALIGN_DELTA', unit: 'lines' } as const;

/** By name, which is the heading in docs/guides/alerts.md. */
export const ALERTS: Readonly<Record<string, Alert>> = {
  'retries-exhausted': {
    title: 'Retries exhausted',
    meaning: 'Work was given up after an hour of retries.',
    ...{ ...COUNT, filter: ofLogs('retries-exhausted'), threshold: 0, seconds: HOUR },
    severity: 'ERROR',
  },
  'work-rejected': {
    title: 'Work rejected',
    meaning: 'Work was dropped because no retry can succeed.',
    ...{ ...COUNT, filter: ofLogs('work-rejected'), threshold: 0, seconds: HOUR },
    severity: 'ERROR',
  },
  'lock-failures': {
    title: 'Originals unlocked',
    meaning: 'A download token of an original could not be revoked for an hour.',
    ...{ ...COUNT, filter: ofLogs('lock-failures'), threshold: 0, seconds: HOUR },
    severity: 'CRITICAL',
  },
  'lock-latency': {
    title: 'Originals are locked late',
    meaning: 'Half of the download tokens are revoked more than ten seconds after the upload.',
    filter: ofLogs('lock-latency'),
    ...{ reducer: 'REDUCE_MAX', aligner: 'ALIGN_PERCENTILE_50', unit: 'ms' },
    ...{ threshold: 10_000, seconds: QUARTER, severity: 'WARNING' },
  },
  'upload-failures': {
    title: 'Many uploads fail',
    meaning:
      'More than 50 uploads of an hour were not processed because of the file or the limits.',
    ...{ ...COUNT, filter: ofLogs('upload-failures'), threshold: 50, seconds: HOUR },
    severity: 'WARNING',
  },
  defects: {
    title: 'A defect of image processing',
    meaning: 'Processing failed with an error that has no failure code.',
    ...{ ...COUNT, filter: ofLogs('defects'), threshold: 0, seconds: HOUR },
    severity: 'WARNING',
  },
  'view-failures': {
    title: 'Views fail',
    meaning: 'More than 1 % of the requests that reached `serve` got a 5xx.',
    filter: `${REQUESTS} AND metric.labels.response_code_class="5xx"`,
    ...{ reducer: 'REDUCE_SUM', aligner: 'ALIGN_RATE', unit: 'share' },
    ...{ denominator: REQUESTS, threshold: 0.01, seconds: QUARTER, severity: 'CRITICAL' },
  },
  'rate-limited': {
    title: 'Views are rate limited',
    meaning: 'More than 1 % of the requests that reached `serve` got a 429.',
    filter: `${REQUESTS} AND metric.labels.response_code="429"`,
    ...{ reducer: 'REDUCE_SUM', aligner: 'ALIGN_RATE', unit: 'share' },
    ...{ denominator: REQUESTS, threshold: 0.01, seconds: QUARTER, severity: 'WARNING' },
  },
  'task-backlog': {
    title: 'Tasks wait',
    meaning: 'More than 1,000 tasks were in a queue for a quarter of an hour.',
    filter:
      'metric.type="cloudtasks.googleapis.com/queue/depth" AND resource.type="cloud_tasks_queue" AND ' +
      'resource.labels.queue_id=monitoring.regex.full_match("INSTANCE-.*")',
    ...{ reducer: 'REDUCE_MAX', aligner: 'ALIGN_MAX', unit: 'tasks' },
    ...{ threshold: 1_000, seconds: QUARTER, severity: 'WARNING' },
  },
  instances: {
    title: 'Instances near their limit',
    meaning: `More than ${MANY_INSTANCES} instances of \`serve\`: 80 % of the default of \`MAX_INSTANCES\`.`,
    filter: `metric.type="run.googleapis.com/container/instance_count" AND ${SERVE}`,
    ...{ reducer: 'REDUCE_SUM', aligner: 'ALIGN_MAX', unit: 'instances' },
    ...{ threshold: MANY_INSTANCES, seconds: 300, severity: 'WARNING' },
  },
  egress: {
    title: 'Much traffic',
    meaning: '`serve` sent more than 10 MB a second for an hour: $4 an hour.',
    filter: `metric.type="run.googleapis.com/container/network/sent_bytes_count" AND ${SERVE}`,
    ...{ reducer: 'REDUCE_SUM', aligner: 'ALIGN_RATE', unit: 'bytes a second' },
    ...{ threshold: 10_000_000, seconds: HOUR, severity: 'WARNING' },
  },
};

const MAX_PERIOD = 3600;
const PAGE = 'docs/guides/alerts.md';

/**
 * A policy as `gcloud monitoring policies create --policy-from-file` reads it.
 * @see https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
 */
export function policyOf(name: string, alert: Alert): object {
  const { title, meaning, filter, reducer, aligner, threshold, seconds, denominator } = alert;
  const isCount = aligner === 'ALIGN_DELTA';
  const aggregation = {
    alignmentPeriod: `${isCount ? MAX_PERIOD : 300}s`,
    perSeriesAligner: aligner,
    crossSeriesReducer: reducer,
  };
  return {
    displayName: `INSTANCE: ${title}`,
    documentation: {
      content: `${meaning} What to do: ${PAGE}, ${name}.`,
      mimeType: 'text/markdown',
    },
    combiner: 'OR',
    severity: alert.severity,
    conditions: [
      {
        displayName: title,
        conditionThreshold: {
          filter,
          aggregations: [aggregation],
          ...(denominator !== undefined && {
            denominatorFilter: denominator,
            denominatorAggregations: [aggregation],
          }),
          comparison: 'COMPARISON_GT',
          thresholdValue: threshold,
          // A count is over its period already.
          duration: `${isCount ? 0 : seconds}s`,
          trigger: { count: 1 },
        },
      },
    ],
  };
}
