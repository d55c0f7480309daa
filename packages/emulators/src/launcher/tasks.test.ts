/** The task queues of firebase-tools with the patches of tasks.ts. */
import { loadModule } from './patch.js';
import { patchTasks } from './tasks.js';

interface Controller {
  queues: Record<string, { setTokens(tokens: number): void; config: object } | undefined>;
  createQueue(key: string, config: object): void;
  enqueue(key: string, task: object): void;
  start(): void;
  stop(): void;
}

const QUEUE = 'queue';
let controller: Controller;
let fetched: string[];
let logged: string[];

beforeAll(() => patchTasks());

beforeEach(() => {
  const Controller = loadModule('emulator/tasksEmulator')[
    'TaskQueueController'
  ] as new () => Controller;
  controller = new Controller();
  controller.createQueue(QUEUE, {
    retryConfig: {},
    rateLimits: { maxConcurrentDispatches: 50, maxDispatchesPerSecond: 500 },
    defaultUri: 'http://function',
  });
  controller.queues[QUEUE]?.setTokens(500);
  controller.start();
  fetched = [];
  logged = [];
  jest.spyOn(console, 'error').mockImplementation((line: string) => void logged.push(line));
  jest.spyOn(globalThis, 'fetch').mockImplementation((_url, init) => {
    fetched.push((init?.headers as Record<string, string>)['X-CloudTasks-TaskName'] ?? '');
    return Promise.resolve(new Response());
  });
});

afterEach(() => {
  controller.stop();
  jest.restoreAllMocks();
});

function enqueue(name: string, scheduleTime?: string): void {
  controller.enqueue(QUEUE, {
    name,
    scheduleTime,
    httpRequest: { url: '', headers: {}, body: {} },
  });
}

test('dispatches a task at once, although an idle queue is polled once a second', () => {
  enqueue('a');
  expect(fetched).toEqual(['a']);
});

test('rejects a duplicate of a task that waits, runs or has completed', () => {
  const later = new Date(Date.now() + 60_000).toISOString();
  enqueue('a', later);
  expect(() => enqueue('a', later)).toThrow('expected a new task id');
  expect(() => enqueue('a')).toThrow('expected a new task id');
  enqueue('b');
  expect(() => enqueue('b', later)).toThrow('expected a new task id');
  expect(fetched).toEqual(['b']);
});

test('logs each task once, and no duplicate', () => {
  enqueue('c', new Date(Date.now() + 60_000).toISOString());
  expect(() => enqueue('c')).toThrow('expected a new task id');
  enqueue('d');
  expect(logged).toEqual(['accepted task c', 'accepted task d']);
});

test('dispatches twenty tasks of a queue at the same time', () => {
  jest.mocked(fetch).mockImplementation(() => new Promise(() => {}));
  for (let number = 0; number < 40; number++) enqueue(String(number));
  expect(fetch).toHaveBeenCalledTimes(20);
});
