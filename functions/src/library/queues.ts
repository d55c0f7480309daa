/** Cloud Tasks: work that is put off, or cut into pieces. */
import type { Environment } from '../config/config.js';
import type { BackfillTask, PurgeTask, SweepTask } from '../images/tasks.js';

/** What is needed of `getFunctions()`. */
interface TaskQueues {
  taskQueue(
    name: string,
    extension?: string,
  ): { enqueue(task: object, options: TaskOptions): Promise<void> };
}
interface TaskOptions {
  scheduleTime?: Date;
  id?: string;
}

export interface Queues {
  /** @param at not before, milliseconds since 1970 */
  sweep(task: SweepTask, at: number): Promise<void>;
  /** @param id a second task of the same id is none */
  backfill(task: BackfillTask, id: string): Promise<void>;
  purge(task: PurgeTask): Promise<void>;
}

/** As long as a task may take; Cloud Tasks itself would end it after ten minutes. */
const DEADLINE = { dispatchDeadlineSeconds: 1800 };
/** How far ahead Cloud Tasks takes a task, less a day: https://cloud.google.com/tasks/docs/quotas */
const FURTHEST_MS = 29 * 24 * 60 * 60 * 1000;

/** @param environment the platform's, which says who and where this is */
export function openQueues(functions: () => TaskQueues, environment: Environment): Queues {
  const instance = environment['EXT_INSTANCE_ID'];
  // The SDK would fetch an extension an identity token from Google's machines: an emulator has none.
  const onEmulator = environment['CLOUD_TASKS_EMULATOR_HOST'] ? instance : undefined;
  const extension = onEmulator ? undefined : instance;
  const kit = environment['FIREBASE_KIT_INSTANCE_ID'];
  async function enqueue(name: string, task: object, options: TaskOptions): Promise<void> {
    const fullName = kit ? `kit-${kit}-${name}` : onEmulator ? `ext-${onEmulator}-${name}` : name;
    const resource = `locations/${regionOf(environment)}/functions/${fullName}`;
    try {
      const queue = functions().taskQueue(resource, extension);
      await queue.enqueue(task, { ...DEADLINE, ...options });
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'functions/task-already-exists') throw error;
    }
  }
  return {
    sweep: (task, at) =>
      enqueue('sweep', task, { scheduleTime: new Date(Math.min(at, Date.now() + FURTHEST_MS)) }),
    backfill: (task, id) => enqueue('backfill', task, { id }),
    purge: (task) => enqueue('purge', task, {}),
  };
}

/** What the CLI writes for a kit's function, a parameter of the extension; else Google's default. */
function regionOf(environment: Environment): string {
  const [, region] =
    /\/locations\/([^/]+)\//.exec(environment['EVENTARC_CLOUD_EVENT_SOURCE'] ?? '') ?? [];
  return region ?? environment['LOCATION'] ?? 'us-central1';
}
