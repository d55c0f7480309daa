/**
 * Task queues in Cloud Tasks. Each task carries the function's own identity token, as firebase-admin does for
 * extensions. If Cloud Tasks created the token, the function would need the role to act as a service account,
 * which can only be granted for all service accounts of a project.
 */
import type { Environment } from '../config/config.js';
import {
  cleanupTaskId,
  type BackfillTask,
  type CleanupTask,
  type ProcessTask,
  type PurgeTask,
  type RevokeTask,
  type WidthTask,
} from '../domain/tasks.js';

export interface Queues {
  /**
   * @param id a second task with the same id is ignored, for hours after the first has completed
   * @param at earliest time, milliseconds since 1970; absent: at once
   */
  enqueueProcess(task: ProcessTask, id: string, at?: number): Promise<void>;
  /**
   * Schedules a cleanup, unless one of the same image is scheduled for the same time.
   * @param at milliseconds since 1970: see `roundCleanupTime`; a task that runs too early schedules another one
   */
  scheduleCleanup(task: CleanupTask, at: number): Promise<void>;
  /** @param id a second task with the same id is ignored, for hours after the first has completed */
  enqueueBackfill(task: BackfillTask, id?: string): Promise<void>;
  enqueuePurge(task: PurgeTask | RevokeTask): Promise<void>;
  /** @param id a second task with the same id is ignored, for hours after the first has completed */
  enqueueWidth(task: WidthTask, id: string): Promise<void>;
}

export interface QueuesOptions {
  projectId: string;
  /** The region of the queues. */
  location: string;
  /** Usually `process.env`; names the instance and, in development, the emulator. */
  environment: Environment;
  /** Gets an OAuth 2.0 access token. Not called with an emulator. */
  accessToken: () => Promise<string>;
  /** Gets an OIDC identity token for an audience. Not called with an emulator. */
  identityToken: (audience: string) => Promise<string>;
}

/** The longest timeout of the functions that handle tasks. */
const DISPATCH_DEADLINE = '1800s';
/** How long before its identity token expires a task is scheduled: it may wait in the queue, milliseconds. */
const QUEUE_DELAY_MS = 15 * 60 * 1000;
/** The longest lifetime of an identity token, milliseconds. */
const TOKEN_LIFETIME_MS = 60 * 60 * 1000;
/** The delay of a task whose identity token is about to expire; it schedules another task, milliseconds. */
const MIN_DELAY_MS = 10_000;
/** Timeout of a request to Cloud Tasks, milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000;
/** The HTTP status for a task id that exists, or existed recently. */
const ALREADY_EXISTS = 409;

/** An error response of Cloud Tasks. The message contains no names. */
export class QueueError extends Error {
  override readonly name = 'QueueError';
  constructor(readonly code: number) {
    super(`Cloud Tasks rejected a task: expected a 2xx status, found ${code}`);
  }
}

/** Opens the queues of this instance of the kit or extension. */
export function openQueues(options: QueuesOptions): Queues {
  const { projectId, location, environment } = options;
  const emulator = environment['CLOUD_TASKS_EMULATOR_HOST'];

  /** https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create */
  async function enqueue(
    functionName: string,
    task: object,
    schedule: Schedule = {},
  ): Promise<void> {
    const fullName = instancePrefix(environment) + functionName;
    const queue = `projects/${projectId}/locations/${location}/queues/${fullName}`;
    const url = `https://${location}-${projectId}.cloudfunctions.net/${fullName}`;
    const [identity, access] = emulator
      ? []
      : await Promise.all([options.identityToken(url), options.accessToken()]);
    const { id, at } =
      typeof schedule === 'function' ? schedule(latestSchedule(identity)) : schedule;
    const response = await fetch(
      emulator
        ? `http://${emulator}/${queue}/tasks`
        : `https://cloudtasks.googleapis.com/v2/${queue}/tasks`,
      {
        method: 'POST',
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        headers: {
          'Content-Type': 'application/json',
          ...(access !== undefined && { Authorization: `Bearer ${access}` }),
        },
        body: JSON.stringify({
          task: {
            ...(id !== undefined && { name: `${queue}/tasks/${id}` }),
            ...(at !== undefined && { scheduleTime: new Date(at).toISOString() }),
            dispatchDeadline: DISPATCH_DEADLINE,
            httpRequest: {
              // The emulator resolves the function's URL from the queue.
              url: emulator ? '' : url,
              headers: {
                'Content-Type': 'application/json',
                ...(identity !== undefined && { Authorization: `Bearer ${identity}` }),
              },
              body: Buffer.from(JSON.stringify({ data: task })).toString('base64'),
            },
          },
        }),
      },
    );
    await response.body?.cancel();
    const isDuplicate = response.status === ALREADY_EXISTS && id !== undefined;
    if (!response.ok && !isDuplicate) throw new QueueError(response.status);
  }

  return {
    enqueueProcess: (task, id, at) =>
      enqueue('processImage', task, (latest) =>
        at === undefined ? { id } : { id, at: Math.min(at, latest) },
      ),
    scheduleCleanup: (task, at) =>
      enqueue('cleanup', task, (latest) => scheduleOfCleanup(task, at, latest)),
    enqueueBackfill: (task, id) => enqueue('backfill', task, id === undefined ? {} : { id }),
    enqueuePurge: (task) => enqueue('purge', task),
    enqueueWidth: (task, id) => enqueue('resize', task, { id }),
  };
}

/** The id and the time of a task; absent: any id, at once. */
type ScheduledTask = { id?: string; at?: number };
/** A function gets the latest time that the task's identity token allows, milliseconds since 1970. */
type Schedule = ScheduledTask | ((latest: number) => ScheduledTask);

/** Cleanups that run early, because their identity tokens expire, share few times, too, milliseconds. */
const EARLY_CLEANUP_INTERVAL_MS = 15 * 60 * 1000;
/** An early cleanup schedules the next one. If that is as soon as this, it might have the same id, milliseconds. */
const MIN_ID_DELAY_MS = 2 * 60 * 1000;

function scheduleOfCleanup(task: CleanupTask, at: number, latest: number): ScheduledTask {
  if (at <= latest) return { at, id: cleanupTaskId(task, at) };
  const early = Math.floor(latest / EARLY_CLEANUP_INTERVAL_MS) * EARLY_CLEANUP_INTERVAL_MS;
  if (early < Date.now() + MIN_ID_DELAY_MS) return { at: latest };
  return { at: early, id: cleanupTaskId(task, at, early) };
}

/**
 * The latest time for a task that carries this identity token, milliseconds since 1970. The token may come
 * from a cache, so its own expiry counts (RFC 7519 section 4.1.4).
 */
function latestSchedule(identity: string | undefined): number {
  const now = Date.now();
  let expiry = now + TOKEN_LIFETIME_MS;
  try {
    const [, claims = ''] = identity?.split('.') ?? [];
    const { exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { exp?: unknown };
    if (typeof exp === 'number') expiry = Math.min(expiry, exp * 1000);
  } catch {
    // Not a JWT: with an emulator there is no token.
  }
  return Math.max(expiry - QUEUE_DELAY_MS, now + MIN_DELAY_MS);
}

/** The prefix that the CLI and the Extensions service add to function names. */
function instancePrefix(environment: Environment): string {
  const kit = environment['FIREBASE_KIT_INSTANCE_ID'];
  const extension = environment['EXT_INSTANCE_ID'];
  return kit ? `kit-${kit}-` : extension ? `ext-${extension}-` : '';
}
