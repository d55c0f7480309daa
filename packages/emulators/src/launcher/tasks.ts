/**
 * Makes the Cloud Tasks emulator behave as in production: a task waits for its `scheduleTime`, and the
 * queues of an extension exist. Also slows down its polling, which occupies a whole core as long as a
 * queue has a task.
 */
import { loadModule, prototypeOf, replace } from './patch.js';

/** Polling interval of the queues, milliseconds. */
const POLL_INTERVAL_MS = 20;
/** The maximum delay of a timer in Node.js, milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

interface Task {
  scheduleTime?: string;
}

/** Patches the task queues and the conversion of an extension's functions. */
export function patchTasks(): void {
  const tasks = loadModule('emulator/tasksEmulator');
  const controller = prototypeOf(tasks, 'TaskQueueController');
  replace(
    controller,
    'enqueue',
    (original) =>
      function enqueue(key, task) {
        const { scheduleTime } = task as Task;
        const wait = scheduleTime === undefined ? 0 : Date.parse(scheduleTime) - Date.now();
        if (!(wait > 0)) return original.call(this, key, task);
        const timer = setTimeout(
          () => void original.call(this, key, task),
          Math.min(wait, MAX_TIMER_MS),
        );
        timer.unref();
        return undefined;
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
