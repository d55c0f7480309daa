/**
 * Cloud Tasks: work that is put off, or cut into pieces. Each task carries the function's own identity
 * token, as firebase-admin does it for extensions. Were Cloud Tasks to make one for it, the function
 * would need the right to act as a service account, which a project's role gives for all of them.
 */
import type { Environment } from '../config/config.js';
import type { BackfillTask, PurgeTask, CleanupTask } from '../domain/tasks.js';

export interface Queues {
  /** @param at not before, milliseconds since 1970; what comes too early appoints another one */
  scheduleCleanup(task: CleanupTask, at: number): Promise<void>;
  /** @param id a second task of the same id is none, for hours after the first one has ended */
  enqueueBackfill(task: BackfillTask, id?: string): Promise<void>;
  enqueuePurge(task: PurgeTask): Promise<void>;
}

export interface QueuesOptions {
  projectId: string;
  /** The region of the queues. */
  location: string;
  /** The platform's, which says who and where this is. */
  environment: Environment;
  /** An OAuth 2.0 access token. Not asked for with an emulator. */
  accessToken: () => Promise<string>;
  /** An identity token for an address. Not asked for with an emulator. */
  identityToken: (audience: string) => Promise<string>;
}

/** So long may a task take, seconds: as long as the longest of the functions. */
const DEADLINE = '1800s';
/** An identity token is good for an hour at the most, and a task may have to wait for its turn, milliseconds. */
const TURN_MS = 15 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;
/** So soon a task comes if its token is about to end, milliseconds; it appoints another one. */
const SOON_MS = 10_000;
/** Until the queue has answered, milliseconds. */
const ANSWER_MS = 10_000;

/** An answer of Cloud Tasks that is not what was asked for. Its message names nothing. */
class QueueError extends Error {
  override readonly name = 'QueueError';
  constructor(readonly code: number) {
    super(`expected a task to be taken, found ${code}`);
  }
}

/** Opens the queues of this very instance of the kit or extension. */
export function openQueues(options: QueuesOptions): Queues {
  const { projectId, location, environment } = options;
  const emulator = environment['CLOUD_TASKS_EMULATOR_HOST'];

  /** https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create */
  async function enqueue(name: string, task: object, more: { at?: number; id?: string }) {
    const fullName = prefixOf(environment) + name;
    const queue = `projects/${projectId}/locations/${location}/queues/${fullName}`;
    const url = `https://${location}-${projectId}.cloudfunctions.net/${fullName}`;
    const identity = emulator ? undefined : await options.identityToken(url);
    const at = more.at === undefined ? undefined : Math.min(more.at, latest(identity));
    const response = await fetch(
      emulator
        ? `http://${emulator}/${queue}/tasks`
        : `https://cloudtasks.googleapis.com/v2/${queue}/tasks`,
      {
        method: 'POST',
        signal: AbortSignal.timeout(ANSWER_MS),
        headers: {
          'Content-Type': 'application/json',
          ...(!emulator && { Authorization: `Bearer ${await options.accessToken()}` }),
        },
        body: JSON.stringify({
          task: {
            ...(more.id !== undefined && { name: `${queue}/tasks/${more.id}` }),
            ...(at !== undefined && { scheduleTime: new Date(at).toISOString() }),
            dispatchDeadline: DEADLINE,
            httpRequest: {
              // The emulator knows by itself where its functions are.
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
    const isThere = response.status === 409 && more.id !== undefined;
    if (!response.ok && !isThere) throw new QueueError(response.status);
  }

  return {
    scheduleCleanup: (task, at) => enqueue('cleanup', task, { at }),
    enqueueBackfill: (task, id) => enqueue('backfill', task, id === undefined ? {} : { id }),
    enqueuePurge: (task) => enqueue('purge', task, {}),
  };
}

/**
 * When a task that carries this identity token may come at the latest, milliseconds since 1970. Whoever
 * hands out tokens may do so from a cache: when this one ends, it says itself (RFC 7519 section 4.1.4).
 */
function latest(identity: string | undefined): number {
  const now = Date.now();
  let end = now + HOUR_MS;
  try {
    const [, claims = ''] = identity?.split('.') ?? [];
    const { exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { exp?: unknown };
    if (typeof exp === 'number') end = Math.min(end, exp * 1000);
  } catch {
    // No JWT, as with an emulator.
  }
  return Math.max(end - TURN_MS, now + SOON_MS);
}

/** What the CLI and the Extensions service put before the names of functions. */
function prefixOf(environment: Environment): string {
  const kit = environment['FIREBASE_KIT_INSTANCE_ID'];
  const extension = environment['EXT_INSTANCE_ID'];
  return kit ? `kit-${kit}-` : extension ? `ext-${extension}-` : '';
}
