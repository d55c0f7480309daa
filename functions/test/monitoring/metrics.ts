/** The log-based metrics, made of the table of log events: functions/monitoring/metrics. */
import { LOG_EVENTS, type EventGroup, type EventName } from '../../src/log-events.js';

/** As `gcloud logging metrics create --config-from-file` reads it. */
export interface LogMetric {
  description: string;
  filter: string;
  valueExtractor?: string;
  metricDescriptor: { metricKind: 'DELTA'; valueType: 'INT64' | 'DISTRIBUTION'; unit: string };
}

/** Log lines of all functions of an instance; `INSTANCE` is replaced by install.sh. */
const OF_INSTANCE =
  'resource.type="cloud_run_revision" AND resource.labels.service_name:"INSTANCE-"';

const GROUPS: Readonly<Record<EventGroup, string>> = {
  'upload-failures': 'uploads that were not processed because of the file or the limits',
  'retries-exhausted': 'work that was given up after an hour of retries, or is still failing then',
  'work-rejected': 'work that was dropped because no retry can succeed',
  'lock-failures': 'download tokens that could not be revoked for an hour',
  'lock-latency': 'milliseconds from an upload to the revocation of its download token',
  'view-failures': 'views that got a 503 because a read failed',
  'sharing-failures': 'calls of sharing that failed',
};

/** Events of these groups count with severity `ERROR` only: before, they are retried. */
const ONLY_ERRORS: readonly EventGroup[] = ['retries-exhausted', 'lock-failures'];

/** The filter of the events of a group. */
export function filterOf(group: EventGroup): string {
  const events = (Object.keys(LOG_EVENTS) as EventName[]).filter(
    (event) => LOG_EVENTS[event].group === group,
  );
  const named = events.map((event) => `jsonPayload.event="${event}"`).join(' OR ');
  const either = events.length > 1 ? `(${named})` : named;
  return ONLY_ERRORS.includes(group) ? `${either} AND severity>=ERROR` : either;
}

/** By name: `spv/INSTANCE/…` in Cloud Monitoring. */
export function logMetrics(): Record<string, LogMetric> {
  const counted = Object.entries(GROUPS).map(([group, description]) => {
    const isLatency = group === 'lock-latency';
    const metric: LogMetric = {
      description,
      filter: `${OF_INSTANCE} AND ${filterOf(group as EventGroup)}`,
      ...(isLatency && { valueExtractor: 'EXTRACT(jsonPayload.afterMs)' }),
      metricDescriptor: {
        metricKind: 'DELTA',
        valueType: isLatency ? 'DISTRIBUTION' : 'INT64',
        unit: isLatency ? 'ms' : '1',
      },
    };
    return [group, metric] as const;
  });
  return {
    ...Object.fromEntries(counted),
    // Not an event of its own: the code of processing-retried.
    defects: {
      description: 'errors of image processing that have no failure code, at each attempt',
      filter: `${OF_INSTANCE} AND jsonPayload.code="unexpected-error"`,
      metricDescriptor: { metricKind: 'DELTA', valueType: 'INT64', unit: '1' },
    },
  };
}

/** The request log of `serve`, which has tokens in its URLs. */
export const REQUEST_LOG_FILTER =
  'log_id("run.googleapis.com/requests") AND resource.labels.service_name="INSTANCE-serve"';

/** The type of a log-based metric in Cloud Monitoring. */
export function metricType(name: string): string {
  return `logging.googleapis.com/user/spv-INSTANCE-${name}`;
}
