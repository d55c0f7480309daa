/**
 * What Cloud Tasks does and its emulator does not: a task waits for its time, and an extension's queues
 * are there. While a task is there the emulator looks for work without a pause, a whole core's worth;
 * here it pauses.
 */
import { loadModule, prototypeOf, replace } from './patch.js';

/** Milliseconds between two looks at the queues. */
const PAUSE_MS = 20;
/** The longest that a timer can wait, milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

interface Task {
  scheduleTime?: string;
}

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
        const later = setTimeout(
          () => void original.call(this, key, task),
          Math.min(wait, LONGEST_MS),
        );
        later.unref();
        return undefined;
      },
  );
  (tasks['TaskQueueController'] as { UPDATE_TIMEOUT: number }).UPDATE_TIMEOUT = PAUSE_MS;

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
