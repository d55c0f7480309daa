import { cleanupTaskId } from '../domain/tasks.js';
import { openQueues } from './queues.js';

interface Sent {
  url: string;
  authorization?: string;
  task: {
    name?: string;
    scheduleTime?: string;
    httpRequest: { url: string; headers: Record<string, string>; body: string };
  };
}

let sent: Sent[] = [];
let status = 200;

beforeEach(() => {
  [sent, status] = [[], 200];
  jest.spyOn(globalThis, 'fetch').mockImplementation((url, init) => {
    const { task } = JSON.parse(init?.body as string) as Sent;
    const { Authorization } = init?.headers as { Authorization?: string };
    sent.push({ url: url as string, ...(Authorization && { authorization: Authorization }), task });
    return Promise.resolve(new Response('{}', { status }));
  });
});
afterEach(() => jest.restoreAllMocks());

const open = (environment: Record<string, string>, identityToken = identityFor) =>
  openQueues({
    projectId: 'p',
    location: 'europe-west3',
    environment,
    identityToken,
    accessToken: () => Promise.resolve('access'),
  });
const identityFor = (audience: string) => Promise.resolve(`identity for ${audience}`);

const CLEANUP = { name: 'originals/alice/cat' };

const KIT = { FIREBASE_KIT_INSTANCE_ID: 'images' };
const EXTENSION = { EXT_INSTANCE_ID: 'images' };

test.each<[string, Record<string, string>, name: string]>([
  ['a kit', KIT, 'kit-images-purge'],
  ['an extension', EXTENSION, 'ext-images-purge'],
  ['neither', {}, 'purge'],
])(
  '%s enqueues to its own queue, with its own identity token',
  async (_what, environment, name) => {
    const region = 'europe-west3';
    await open(environment).enqueuePurge({ uid: 'alice' });
    const url = `https://${region}-p.cloudfunctions.net/${name}`;
    expect(sent).toMatchObject([
      {
        url: `https://cloudtasks.googleapis.com/v2/projects/p/locations/${region}/queues/${name}/tasks`,
        authorization: 'Bearer access',
        task: {
          httpRequest: {
            url,
            headers: { Authorization: `Bearer identity for ${url}` },
          },
        },
      },
    ]);
    const body = Buffer.from(sent[0]?.task.httpRequest.body ?? '', 'base64').toString();
    expect(JSON.parse(body)).toEqual({ data: { uid: 'alice' } });
  },
);

test('requests no tokens with the emulator', async () => {
  await open({ ...KIT, CLOUD_TASKS_EMULATOR_HOST: 'localhost:9499' }).enqueuePurge({
    uid: 'alice',
  });
  expect(sent[0]?.url).toBe(
    'http://localhost:9499/projects/p/locations/europe-west3/queues/kit-images-purge/tasks',
  );
  expect(JSON.stringify(sent)).not.toContain('Bearer');
});

/** A quarter of an hour begins, so that cleanups that run early are not rounded. */
const QUARTER = Date.UTC(2026, 0, 1, 12, 15);

test('schedules a cleanup at its time, but no later than its identity token is valid', async () => {
  jest.spyOn(Date, 'now').mockReturnValue(QUARTER);
  const queues = open(KIT);
  const at = Date.now() + 60_000;
  await queues.scheduleCleanup(CLEANUP, at);
  await queues.scheduleCleanup(CLEANUP, at + 24 * 60 * 60 * 1000);
  const [first = 0, second = 0] = sent.map(({ task }) => Date.parse(task.scheduleTime ?? ''));
  expect(first).toBe(at);
  expect(sent[0]?.task.name).toContain(`/${cleanupTaskId(CLEANUP, at)}`);
  expect(second - Date.now()).toBeLessThan(60 * 60 * 1000);
  expect(second - Date.now()).toBeGreaterThan(40 * 60 * 1000);
});

test('cleanups of an image that run early share few ids and times', async () => {
  const now = jest.spyOn(Date, 'now').mockReturnValue(Date.UTC(2026, 0, 1, 12, 7));
  const queues = open(KIT);
  const at = Date.now() + 24 * 60 * 60 * 1000;
  await queues.scheduleCleanup(CLEANUP, at);
  now.mockReturnValue(Date.UTC(2026, 0, 1, 12, 14));
  await queues.scheduleCleanup(CLEANUP, at);
  await queues.scheduleCleanup(CLEANUP, at + 1);
  await queues.scheduleCleanup({ name: 'originals/alice/dog' }, at);
  const [first, second, later, other] = sent.map(({ task }) => task);
  expect(first?.name).toBe(second?.name);
  expect(first?.scheduleTime).toMatch(/:(00|15|30|45):00\.000Z$/);
  expect(new Set([first, later, other].map((task) => task?.name)).size).toBe(3);
});

test.each([
  ['half an hour', 30 * 60, 14, 16],
  ['a minute', 60, 0.1, 0.2],
])(
  'schedules a cleanup before its identity token expires, which is valid for %s',
  async (_what, seconds, min, max) => {
    jest.spyOn(Date, 'now').mockReturnValue(QUARTER);
    const claims = { exp: Math.floor(Date.now() / 1000) + seconds };
    const token = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;
    const queues = open(KIT, () => Promise.resolve(token));
    await queues.scheduleCleanup(CLEANUP, Date.now() + 24 * 60 * 60 * 1000);
    const minutes = (Date.parse(sent[0]?.task.scheduleTime ?? '') - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(min);
    expect(minutes).toBeLessThan(max);
  },
);

test('ignores a duplicate task id, and throws for any other error response', async () => {
  status = 409;
  await open(KIT).enqueueBackfill({}, 'run-1');
  expect(sent[0]?.task.name).toMatch(/queues\/kit-images-backfill\/tasks\/run-1$/);
  await expect(open(KIT).enqueuePurge({ uid: 'alice' })).rejects.toMatchObject({ code: 409 });
  status = 503;
  await expect(open(KIT).enqueueBackfill({}, 'run-1')).rejects.toThrow(
    'Cloud Tasks rejected a task: expected a 2xx status, found 503',
  );
});
