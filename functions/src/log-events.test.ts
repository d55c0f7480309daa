/** Provokes every event with the code that logs it, and matches the filters of functions/monitoring against the lines. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expectSectionUpToDate, expectUpToDate } from '../test/generated-file.js';
import { openMemoryHarness, settle } from '../test/lifecycle/memory-harness.js';
import {
  NAME,
  NOW,
  process as processTask,
  setUp,
  upload,
} from '../test/lifecycle/upload-fixture.js';
import { monitoringFiles } from '../test/monitoring/files.js';
import { matches, type LogEntry } from '../test/monitoring/filter.js';
import { filterOf, logMetrics, REQUEST_LOG_FILTER } from '../test/monitoring/metrics.js';
import { alertsTable, eventsTable } from '../test/monitoring/page.js';
import { openServeFixture } from '../test/serve/serve-fixture.js';
import { ImageFailure, UnexpectedError } from './errors.js';
import { hashToken } from './domain/token.js';
import { publish, type PublishContext } from './gcp/publish.js';
import { reportProcessingState } from './gcp/processing-state.js';
import { checkContent } from './lifecycle/check-content.js';
import type { ProcessingContext } from './lifecycle/context.js';
import { makeWidth } from './lifecycle/make-width.js';
import { revokeDownloadTokens } from './lifecycle/metadata-updated.js';
import { originalDeleted } from './lifecycle/original-deleted.js';
import { originalFinalized } from './lifecycle/original-finalized.js';
import { logOutcome } from './lifecycle/process-upload.js';
import { RETRY_WINDOW_MS, runTask } from './lifecycle/retry.js';
import { LOG_EVENTS, logLine, type EventName, type LogLine } from './log-events.js';
import type { Log } from './log.js';
import { handleSharingCall } from './sharing/sharing.js';

const lines: LogLine[] = [];
const log: Log = (...line) => void lines.push(logLine(...line));
/** Lines that a fixture has collected. */
function logAll(logged: readonly unknown[]): void {
  for (const line of logged) log(...(line as Parameters<Log>));
}

const LATE = NOW + RETRY_WINDOW_MS + 1;

const failure = (code: number) => () =>
  Promise.reject(Object.assign(new Error(`no ${NAME}`), { code }));
const unavailable = failure(503);
const rejected = failure(400);

/** An uploaded original in memory. */
function openUpload(overrides: Parameters<typeof setUp>[0] = {}) {
  const fixture = setUp({ log, ...overrides });
  fixture.put(upload());
  return fixture;
}

const OWNER = { uid: 'alice', imageId: 'cat' };
const FILTERED = {
  log,
  config: { filter: { onFailure: 'hold' } },
  askFilter: unavailable,
} as unknown as ProcessingContext;

/** What provokes each event, but for those that `provokeOthers` does. */
const PROVOKE: Partial<Record<EventName, () => Promise<unknown>>> = {
  'download-token-revoked': () => originalFinalized(upload(), openUpload().context),
  async 'download-token-revocation-failed'() {
    const { context, backend, time } = openUpload();
    backend.objects.revokeDownloadTokens = unavailable;
    await originalFinalized(upload(), context).catch(() => {});
    time.now = LATE;
    await originalFinalized(upload(), context).catch(() => {});
  },
  'filter-failed': () => checkContent(OWNER, upload().original, FILTERED),
  'publishing-failed': () =>
    publish(
      { name: 'onReady', data: { ...OWNER, generation: '1', state: 'ready' } },
      {
        log,
        config: { events: { names: ['onReady'] } } as PublishContext['config'],
        backend: { events: { publish: unavailable } },
      },
    ),
  async 'enqueue-failed'() {
    const { context, backend, time } = openUpload();
    backend.queues.enqueueProcess = unavailable;
    await originalFinalized(upload(), context).catch(() => {});
    time.now = LATE;
    await originalFinalized(upload(), context).catch(() => {});
  },
  'upload-name-invalid': () =>
    originalFinalized({ ...upload(), hasOwner: false }, openUpload().context),
  async 'later-token-revocation-failed'() {
    const { context, backend, time } = openUpload();
    backend.objects.revokeDownloadTokens = unavailable;
    const object = { bucket: 'bucket', name: NAME, generation: '1', time: NOW };
    await revokeDownloadTokens(object, context).catch(() => {});
    time.now = LATE;
    await revokeDownloadTokens(object, context);
  },
  'image-ready': () => processTask(upload(), openUpload().context),
  'image-failed': () =>
    processTask(
      upload(),
      openUpload({ processImage: () => Promise.reject(new ImageFailure('damaged-image', 'x')) })
        .context,
    ),
  'processing-retried': () =>
    processTask(upload(), openUpload({ processImage: unavailable }).context),
  async 'processing-exhausted'() {
    const { context, backend, time } = openUpload({ processImage: unavailable });
    await processTask(upload(), context);
    backend.records.fail = unavailable;
    time.now = NOW + 25 * 60 * 60 * 1000;
    await processTask(upload(), context, { triedSince: NOW });
  },
  async 'processing-rejected'() {
    const { context, backend } = openUpload();
    backend.records.begin = rejected;
    await processTask(upload(), context);
  },
  async 'deletion-retried'() {
    const { context, backend, time } = openUpload();
    backend.records.findImage = unavailable;
    const deletion = {
      owner: { uid: 'alice', imageId: 'cat' },
      original: upload().original,
      time: NOW,
    };
    await originalDeleted(deletion, context).catch(() => {});
    time.now = LATE;
    await originalDeleted(deletion, context);
    backend.records.findImage = rejected;
    await originalDeleted({ ...deletion, time: LATE }, context);
  },
  'task-rejected': () => runTask({ log, work: rejected }),
  async 'view-failed'() {
    const { backend, get, token, logged } = openServeFixture();
    backend.reader.findToken = unavailable;
    await get(`/${token}/w800`);
    logAll(logged);
  },
  async 'width-request-failed'() {
    const { backend, get, token, logged } = openServeFixture({ config: { widths: [640] } });
    backend.queues.enqueueWidth = unavailable;
    await get(`/${token}?w=500`);
    logAll(logged);
  },
  async 'sharing-failed'() {
    const limit = {
      count() {
        throw new Error('lost');
      },
    };
    await handleSharingCall('alice', {}, { ...openUpload().context, limit });
  },
  'state-report-failed': () =>
    reportProcessingState('stopped', { EXT_INSTANCE_ID: 'images' }, log, {
      setProcessingState: unavailable,
    }),
};

/** A day of an image: overwritten, shown in a width on demand, deleted; its user's tokens revoked, and images deleted. */
async function provokeOthers(): Promise<void> {
  const memory = openMemoryHarness({ WIDTHS: '16' });
  const { harness, backend } = memory;
  const name = 'originals/alice/cat';
  await harness.upload(name, 'cat');
  await settle(memory);
  const hash = hashToken(backend.images.get('users/alice/images/cat')?.token ?? '');
  const source = backend.tokens.get(hash)?.image?.renditions['w40']?.webp?.object ?? '';
  const task = { hash, width: 16, format: 'webp', source } as const;
  const damaged = () => Promise.reject(new ImageFailure('damaged-image', 'x'));
  await makeWidth(task, { ...harness.processingContext(), processImage: damaged });
  await makeWidth(task, harness.processingContext());
  await harness.upload(name, 'another cat');
  await settle(memory);
  await backend.queues.enqueuePurge({ uid: 'alice', revokeBefore: memory.time.now });
  await settle(memory);
  await harness.delete(name);
  await settle(memory);
  await backend.queues.enqueuePurge({ uid: 'alice' });
  await settle(memory);
  logAll(harness.logged);
  for (const outcome of ['stale', 'done', 'missing', 'superseded', 'busy', 'held'] as const) {
    logOutcome(log, outcome, undefined, {});
  }
}

/** An invalid task is found by the deployed entry point: the line is that of its logger. */
function provokeInvalidTask(): void {
  const script = `require('./lib/index.js').processImage.run({ data: {} });`;
  const { stderr, stdout } = spawnSync(process.execPath, ['-e', script], {
    cwd: join(__dirname, '..'),
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', BUCKET: 'demo.appspot.com', GCLOUD_PROJECT: 'demo' },
  });
  const line = `${stderr}\n${stdout}`.split('\n').find((text) => text.startsWith('{'));
  lines.push(JSON.parse(line ?? '{}') as LogLine);
}

beforeAll(async () => {
  for (const provoke of Object.values(PROVOKE)) await provoke();
  await provokeOthers();
  provokeInvalidTask();
});

/** A line as Cloud Logging has it: https://cloud.google.com/functions/docs/monitoring/logging */
function entryOf(
  { severity, message, ...fields }: LogLine,
  service = 'kit-images-serve',
): LogEntry {
  return {
    logName: `projects/demo/logs/${encodeURIComponent('run.googleapis.com/stderr')}`,
    severity,
    resource: { type: 'cloud_run_revision', labels: { service_name: service } },
    jsonPayload: { message, ...fields },
  };
}

const ofInstance = (filter: string) => filter.replaceAll('INSTANCE', 'kit-images');
const EVENTS = Object.keys(LOG_EVENTS) as EventName[];

test.each(EVENTS)('%s is logged with its severities, by the code that logs it', (event) => {
  const own = lines.filter((line) => line.event === event);
  const severities = new Set(own.map(({ severity }) => severity));
  expect(severities).toEqual(new Set(LOG_EVENTS[event].severities));
  expect(new Set(own.map(({ message }) => message))).toEqual(new Set([LOG_EVENTS[event].message]));
});

test('no line has another event, or a name', () => {
  expect(lines.filter(({ event }) => !EVENTS.includes(event))).toEqual([]);
  expect(JSON.stringify(lines)).not.toMatch(/example[.]com|originals\/|spv_/);
});

test('messages and events are unique', () => {
  const messages = Object.values(LOG_EVENTS).map(({ message }) => message);
  expect(new Set(messages).size).toBe(messages.length);
  for (const event of EVENTS) expect(event).toMatch(/^[a-z]+(-[a-z]+)*$/);
});

test('each filter of a group matches the lines of its events, and no other', () => {
  for (const event of EVENTS) {
    const { group, severities } = LOG_EVENTS[event];
    if (group === undefined) continue;
    const matched = lines.filter((line) => matches(filterOf(group), entryOf(line)));
    const counted = severities.at(-1);
    expect(matched.some((line) => line.event === event && line.severity === counted)).toBe(true);
    expect(matched.filter((line) => LOG_EVENTS[line.event].group !== group)).toEqual([]);
  }
});

test('each metric matches a line of its instance, and none of another', () => {
  log('WARNING', 'image processing failed, will retry', { code: 'unexpected-error' });
  expect(UnexpectedError.from(undefined)).toBeDefined();
  for (const [name, { filter }] of Object.entries(logMetrics())) {
    const matching = (service: string) =>
      lines.filter((line) => matches(ofInstance(filter), entryOf(line, service))).length;
    expect([name, matching('kit-images-purge') > 0]).toEqual([name, true]);
    expect([name, matching('kit-other-purge')]).toEqual([name, 0]);
  }
});

test('a revoked token was locked a number of milliseconds after its event', () => {
  const line = lines.find(({ event }) => event === 'download-token-revoked');
  expect(line?.['afterMs']).toBe(0);
});

test('the exclusion matches the request log of serve, and no other line', () => {
  const filter = ofInstance(REQUEST_LOG_FILTER);
  const line = entryOf(lines[0] as LogLine);
  const request = {
    ...line,
    logName: `projects/demo/logs/${encodeURIComponent('run.googleapis.com/requests')}`,
  };
  expect(matches(filter, request)).toBe(true);
  expect(matches(filter, line)).toBe(false);
  const ofSharing = {
    ...request,
    resource: { type: 'x', labels: { service_name: 'kit-images-sharing' } },
  };
  expect(matches(filter, ofSharing)).toBe(false);
});

test.each(['a=', 'a="b" OR', '(a="b"', 'a<"b"', 'NOT a="b"', 'a="b" c="d"'])(
  'the matcher refuses %j, which no filter has',
  (filter) => expect(() => matches(filter, entryOf(lines[0] as LogLine))).toThrow(/expected/),
);

test.each(Object.entries(monitoringFiles()))(
  'functions/monitoring/%s is up to date (npm run docs)',
  (file, content) => expectUpToDate(`functions/monitoring/${file}`, content),
);

describe('functions/monitoring/install.sh', () => {
  const folder = mkdtempSync(join(tmpdir(), 'monitoring-'));
  const calls = join(folder, 'calls');
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs the script with a gcloud that notes its arguments and the files that they name; no metric exists. */
  function install(...argv: string[]) {
    const gcloud = join(folder, 'gcloud');
    writeFileSync(
      gcloud,
      `#!/bin/sh
echo "$*" >> ${calls}
for option in "$@"; do case $option in *-from-file=*) cat "\${option#*=}" >> ${calls};; esac; done
case $* in *describe*) exit 1;; esac
`,
    );
    chmodSync(gcloud, 0o755);
    writeFileSync(calls, '');
    const script = join(__dirname, '..', 'monitoring', 'install.sh');
    const PATH = [folder, process.env['PATH']].join(delimiter);
    const { status, stderr } = spawnSync('sh', [script, ...argv], {
      encoding: 'utf8',
      env: { PATH },
    });
    return { status, stderr, noted: readFileSync(calls, 'utf8') };
  }

  it('creates each metric, policy, the dashboard and the exclusion, for the instance', () => {
    const { status, stderr, noted } = install(
      'my-app',
      'ext-pictures',
      'projects/my-app/notificationChannels/1',
    );
    expect([status, stderr]).toEqual([0, '']);
    for (const name of Object.keys(logMetrics())) {
      expect(noted).toContain(`logging metrics create spv-ext-pictures-${name} --project=my-app`);
    }
    expect(noted.match(/^monitoring policies create .*notificationChannels\/1$/gm)).toHaveLength(
      Object.keys(monitoringFiles()).filter((file) => file.startsWith('alerts/')).length,
    );
    expect(noted.match(/^monitoring dashboards create/gm)).toHaveLength(1);
    const exclusion = REQUEST_LOG_FILTER.replace('INSTANCE', 'ext-pictures');
    expect(noted).toContain(`--add-exclusion=name=spv-ext-pictures-tokens,filter=${exclusion}\n`);
    expect(noted).toContain('"ext-pictures: Views fail"');
    expect(noted).not.toContain('INSTANCE');
  });

  it.each([[[]], [['my-app']], [['my-app', 'a/b']], [['my-app', '']]])(
    '%j: one sentence, exit code 2, and no command',
    (argv) => {
      const { status, stderr, noted } = install(...argv);
      expect([status, noted]).toEqual([2, '']);
      expect(stderr).toMatch(/^expected .* found .*\n$/);
    },
  );
});

test('the tables of the guides are up to date (npm run docs)', () => {
  expectSectionUpToDate('docs/guides/operations.md', 'events', eventsTable());
  expectSectionUpToDate('docs/guides/alerts.md', 'alerts', alertsTable());
});
