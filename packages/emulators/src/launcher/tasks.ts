/**
 * Makes the Cloud Tasks emulator behave as in production: a task waits for its `scheduleTime`, a task
 * without one is dispatched at once, and the queues of an extension exist. Also logs the name of each task,
 * and slows down the polling, which occupies a whole core as long as a queue has a task.
 */
import type { SingleRequestFunctions } from './messages.js';
import { checkFunction, loadModule, prototypeOf, replace } from './patch.js';

/** Polling interval of the queues, milliseconds. */
const POLL_INTERVAL_MS = 20;
/** The maximum delay of a timer in Node.js, milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Tasks of one queue that are handled at the same time. In production they are spread over instances; here
 * one process handles all. More than one owner may use, so that one owner's uploads do not fill the queue.
 */
const MAX_CONCURRENT_TASKS = 20;

interface Task {
  name: string;
  scheduleTime?: string;
}

interface Controller {
  /** The timer of the next poll; null before the first. */
  listenId: NodeJS.Timeout | null;
  /** Dispatches due tasks, and sets the timer of the next poll. */
  listen(): void;
  queues: Record<string, { queuedIds: Set<string> } | undefined>;
}

interface QueueConfig {
  rateLimits: { maxConcurrentDispatches: number };
}

/**
 * Patches the task queues and the conversion of an extension's functions.
 * @param single the number of its processes is the number of concurrent tasks
 */
export function patchTasks(single?: SingleRequestFunctions): void {
  const tasks = loadModule('emulator/tasksEmulator');
  const controller = prototypeOf(tasks, 'TaskQueueController');
  checkFunction(controller, 'listen');
  /** An idle controller polls once a second. */
  const pollNow = (idle: Controller) => {
    if (idle.listenId === null) return;
    clearTimeout(idle.listenId);
    idle.listen();
  };
  /** Names of the tasks that wait for their time: another task with such a name is a duplicate. */
  const waiting = new Set<string>();
  replace(
    controller,
    'enqueue',
    (original) =>
      function enqueue(key, task) {
        const { name, scheduleTime } = task as Task;
        const { queues } = this as Controller;
        if (waiting.has(name) || queues[key as string]?.queuedIds.has(name)) {
          // The emulator responds with status 409.
          throw new Error('expected a new task id, found one that exists');
        }
        // Tests count the tasks of an image by the hash in their ids.
        console.error(`accepted task ${name}`);
        const wait = scheduleTime === undefined ? 0 : Date.parse(scheduleTime) - Date.now();
        const enqueueNow = () => {
          waiting.delete(name);
          original.call(this, key, task);
          pollNow(this as Controller);
        };
        if (!(wait > 0)) enqueueNow();
        else {
          waiting.add(name);
          setTimeout(enqueueNow, Math.min(wait, MAX_TIMER_MS)).unref();
        }
        return undefined;
      },
  );
  replace(
    controller,
    'createQueue',
    (original) =>
      function createQueue(key, config) {
        const { rateLimits, ...rest } = config as QueueConfig;
        const maxConcurrentDispatches = Math.min(
          rateLimits.maxConcurrentDispatches,
          single?.processes ?? MAX_CONCURRENT_TASKS,
        );
        return original.call(this, key, {
          ...rest,
          rateLimits: { ...rateLimits, maxConcurrentDispatches },
        });
      },
  );
  (tasks['TaskQueueController'] as { UPDATE_TIMEOUT: number }).UPDATE_TIMEOUT = POLL_INTERVAL_MS;

  replace(
    loadModule('extensions/emulator/triggerHelper'),
    'functionResourceToEmulatedTriggerDefintion',
    (original) => (resource, systemParams) => {
      const definition = original(resource, systemParams) as Record<string, unknown>;
      const { properties } = resource as { properties?: { taskQueueTrigger?: object } };
      const trigger = properties?.taskQueueTrigger;
      return trigger ? { ...definition, httpsTrigger: {}, taskQueueTrigger: trigger } : definition;
    },
  );
}
