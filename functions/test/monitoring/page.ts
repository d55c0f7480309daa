/** Tables of docs/guides/operations.md and docs/guides/alerts.md. */
import { markdownTable } from 'markdown-table';
import { LOG_EVENTS, type EventName } from '../../src/log-events.js';
import { ALERTS } from './alerts.js';

const OPTIONS = { alignDelimiters: false };

/** Every kind of log line. */
export function eventsTable(): string {
  const rows = (Object.keys(LOG_EVENTS) as EventName[]).map((event) => {
    const { severities, message, meaning, group } = LOG_EVENTS[event];
    return [`\`${event}\``, severities.join(', '), message, meaning, group ?? ''];
  });
  return markdownTable([['event', 'severity', 'message', 'meaning', 'metric'], ...rows], OPTIONS);
}

/** Every alert. */
export function alertsTable(): string {
  const rows = Object.entries(ALERTS).map(([name, { meaning, severity }]) => [
    `[${name}](#${name})`,
    severity,
    meaning,
  ]);
  return markdownTable([['alert', 'severity', 'fires when'], ...rows], OPTIONS);
}
