/** One Listen stream: its targets, and the order in which their changes are sent. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Caller } from '../caller.js';
import { Code, StatusError, toStatusError } from '../errors.js';
import { documentsRoot, parseName } from '../names.js';
import type { Authorizer } from '../rules/authorizer.js';
import type * as v1 from '../v1.js';
import { ActiveTarget, type TargetStream } from './active-target.js';
import { Batch } from './batch.js';
import type { ListenHub } from './hub.js';
import type { ByteBudget, ListenLimits, Measured } from './limits.js';
import { type MessageCache, targetChange } from './messages.js';
import type { OpenStream, Sink } from './sink.js';
import { type InitialResults, parseTarget, startTarget, type TargetScope } from './targets.js';
import type { ResultChange } from './types.js';

/** What a stream needs of the emulator. */
export interface ListenContext {
  authorizer: Pick<Authorizer, 'authorizeGet' | 'authorizeList'>;
  /** @throws StatusError INVALID_ARGUMENT */
  hubOf(database: string): ListenHub;
  limits: ListenLimits;
  budget: ByteBudget;
}

/** Messages that are sent together, in turn with others. */
interface Step {
  /** Runs before: what has to be decided first, if anything. */
  prepare?: () => Promise<void> | undefined;
  messages: () => Iterable<v1.ListenResponse>;
  /** Roughly what the step holds in memory that the store does not. */
  bytes: number;
}

/** A round that has not begun to be sent: a later one is merged into it. */
interface WaitingRound {
  step: Step;
  batch: Batch<ActiveTarget>;
  messages: MessageCache;
}

/** Longest pause in milliseconds before a stream looks again whether its client has read. */
const MAX_PAUSE_MS = 100;

export class ListenStream implements OpenStream<v1.ListenRequest>, TargetStream, Measured {
  readonly #targets = new Map<number, ActiveTarget>();
  #database = '';
  #root = '';
  #hub: ListenHub | undefined;
  /** Whether the server assigns target ids; undefined until the first target. */
  #assignsIds: boolean | undefined;
  #lastId = 0;
  /** Targets, each document counted. */
  #size = 0;
  #requests: Promise<void> = Promise.resolve();
  #waitingRequests = 0;
  #batch: Batch<ActiveTarget> | undefined;
  readonly #steps: Step[] = [];
  #lastRound: WaitingRound | undefined;
  #queuedBytes = 0;
  #isSending = false;
  #ended = false;

  constructor(
    private readonly context: ListenContext,
    private readonly caller: Caller,
    private readonly sink: Sink<v1.ListenResponse>,
  ) {
    if (!context.budget.add(this)) {
      this.#fail(new StatusError(Code.RESOURCE_EXHAUSTED, 'Too many Listen streams are open.'));
    }
  }

  get bytes(): number {
    return this.#queuedBytes + this.sink.buffered;
  }

  receive(request: v1.ListenRequest): void {
    if (this.#ended) return;
    this.#waitingRequests += 1;
    if (this.#waitingRequests > this.context.limits.requests) {
      this.#fail(new StatusError(Code.RESOURCE_EXHAUSTED, 'Too many requests wait.'));
      return;
    }
    this.#requests = this.#requests.then(async () => {
      this.#waitingRequests -= 1;
      if (this.#ended) return;
      try {
        await this.#handle(request);
      } catch (error) {
        this.#fail(toStatusError(error));
      }
    });
  }

  finish(): void {
    void this.#requests.then(() => {
      if (this.#ended) return;
      this.close();
      this.sink.end();
    });
  }

  close(): void {
    this.#ended = true;
    this.context.budget.remove(this);
    for (const target of this.#targets.values()) target.stop();
    this.#targets.clear();
    this.#steps.length = 0;
  }

  collect(target: ActiveTarget, changes: readonly ResultChange[]): void {
    this.#batch ??= new Batch(this.caller, this.context.authorizer);
    this.#batch.add(target, changes);
  }

  publish(messages: MessageCache): void {
    const batch = this.#batch;
    this.#batch = undefined;
    const hub = this.#hub;
    if (!batch || !hub || this.#ended) return;
    const last = this.#lastRound;
    if (last && last.step === this.#steps.at(-1)) {
      // A client that lags gets what has changed meanwhile as one round.
      last.batch.merge(batch);
      last.messages = messages;
      this.#queuedBytes += last.batch.bytes - last.step.bytes;
      last.step.bytes = last.batch.bytes;
      this.#checkBytes();
      return;
    }
    const step: Step = {
      prepare: () => this.#begin(round),
      messages: () => round.batch.messages(round.messages),
      bytes: batch.bytes,
    };
    const round: WaitingRound = { step, batch, messages };
    this.#lastRound = round;
    this.#enqueue(step);
  }

  async #handle(request: v1.ListenRequest): Promise<void> {
    const hub = this.#connect(request.database);
    if (request.addTarget) return this.#add(hub, request.addTarget);
    if (request.removeTarget == null) {
      throw invalid('A Listen request must add or remove a target.');
    }
    const target = this.#targets.get(request.removeTarget);
    if (!target) return;
    this.#forget(target);
    this.#sendAlone(targetChange('REMOVE', target.id));
  }

  #connect(database: string | null | undefined): ListenHub {
    if (this.#hub && (!database || database === this.#database)) return this.#hub;
    if (this.#hub) throw invalid('All requests of a Listen stream must name the same database.');
    const name = parseName(database ?? '');
    if (name.path.length > 0) throw invalid(`"${database}" is not the name of a database.`);
    this.#database = database ?? '';
    this.#root = documentsRoot(name);
    this.#hub = this.context.hubOf(this.#root);
    return this.#hub;
  }

  async #add(hub: ListenHub, request: v1.ListenTarget): Promise<void> {
    const id = this.#idOf(request);
    if (id === undefined) return;
    let scope: TargetScope;
    try {
      scope = parseTarget(request, this.#root);
      this.#checkSize(scope);
      await this.#authorize(hub, scope);
    } catch (error) {
      const { code, message } = toStatusError(error);
      this.#sendAlone(targetChange('REMOVE', id, { code, message }));
      return;
    }
    if (this.#ended) return;
    // From here on nothing is awaited: the results and those of the other targets are of one time.
    const shared = hub.flush();
    const target = new ActiveTarget(id, scope, this);
    const { initial, detach } = startTarget(hub, scope, request, target);
    target.detach = detach;
    this.#targets.set(id, target);
    this.#size += target.size;
    this.#enqueue({ messages: () => initialMessages(target, initial, shared), bytes: 0 });
    if (!request.once) return;
    this.#enqueue({
      messages: () => {
        if (!target.active) return [];
        this.#forget(target);
        return [targetChange('REMOVE', id)];
      },
      bytes: 0,
    });
  }

  /** The id of a new target; undefined when it was refused. */
  #idOf({ targetId }: v1.ListenTarget): number | undefined {
    const id = targetId ?? 0;
    if (id < 0) throw invalid('A target id must be positive.');
    if (this.#targets.has(id)) throw invalid(`The target id ${id} is in use on this stream.`);
    this.#assignsIds ??= id === 0;
    if (this.#assignsIds !== (id === 0)) {
      const message = 'Either all targets of a stream have ids, or none.';
      this.#sendAlone(targetChange('REMOVE', id, { code: Code.INVALID_ARGUMENT, message }));
      return undefined;
    }
    if (id !== 0) return id;
    this.#lastId += 1;
    return this.#lastId;
  }

  #checkSize(scope: TargetScope): void {
    const { targets } = this.context.limits;
    const added = scope.kind === 'documents' ? scope.names.length : 1;
    if (this.#size + added <= targets) return;
    const message = `A Listen stream may have ${targets} targets.`;
    throw new StatusError(Code.RESOURCE_EXHAUSTED, message);
  }

  /** @throws StatusError PERMISSION_DENIED */
  async #authorize({ store }: ListenHub, scope: TargetScope): Promise<void> {
    if (this.caller.kind === 'owner') return;
    const { authorizer } = this.context;
    const read = (name: string): v1.Document | undefined => store.read(name);
    if (scope.kind === 'query') {
      await authorizer.authorizeList(this.caller, scope, read, store.now());
      return;
    }
    const { names } = scope;
    for (let isCurrent = false; !isCurrent;) {
      const before = new Map(names.map((name) => [name, read(name)]));
      await authorizer.authorizeGet(this.caller, names, read, store.now());
      // The rules must have seen the documents that are sent.
      isCurrent = names.every((name) => read(name) === before.get(name));
    }
  }

  /** From here on later rounds are no longer merged. @returns what the rules decide, if they are asked */
  #begin(round: WaitingRound): Promise<void> | undefined {
    if (this.#lastRound === round) this.#lastRound = undefined;
    const { batch, messages } = round;
    const hub = this.#hub;
    if (!hub || !batch.needsRules) return undefined;
    const read = (name: string): v1.Document | undefined => hub.store.read(name);
    return batch.applyRules(read, messages.readTime, (target) => this.#forget(target));
  }

  #forget(target: ActiveTarget): void {
    if (!target.active) return;
    target.stop();
    this.#targets.delete(target.id);
    this.#size -= target.size;
  }

  #sendAlone(message: v1.ListenResponse): void {
    this.#enqueue({ messages: () => [message], bytes: 0 });
  }

  #enqueue(step: Step): void {
    if (this.#ended) return;
    this.#queuedBytes += step.bytes;
    this.#steps.push(step);
    if (!this.#isSending) void this.#send();
    else this.#checkBytes();
  }

  /** Sends the steps in order, without a pause unless the rules or the client need one. */
  async #send(): Promise<void> {
    this.#isSending = true;
    try {
      for (let step = this.#steps.shift(); step && !this.#ended; step = this.#steps.shift()) {
        const prepared = step.prepare?.();
        if (prepared) await prepared;
        for (const message of step.messages()) {
          if (this.#ended) return;
          this.sink.send(message);
          if (this.sink.buffered > this.context.limits.pauseBytes) await this.#clientHasRead();
        }
        this.#queuedBytes -= step.bytes;
        this.#checkBytes();
      }
    } catch (error) {
      this.#fail(toStatusError(error));
    } finally {
      this.#isSending = false;
    }
  }

  async #clientHasRead(): Promise<void> {
    const { pauseBytes, stallMs } = this.context.limits;
    this.#checkBytes();
    let least = this.sink.buffered;
    let readAt = performance.now();
    for (let pause = 1; !this.#ended; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
      await delay(pause, undefined, { ref: false });
      const { buffered } = this.sink;
      if (buffered <= pauseBytes / 2) return;
      if (buffered < least) [least, readAt] = [buffered, performance.now()];
      else if (performance.now() - readAt > stallMs) this.#failSlowClient();
    }
  }

  #checkBytes(): void {
    if (!this.#ended && !this.context.budget.report(this)) this.#failSlowClient();
  }

  #failSlowClient(): void {
    const message = 'The client reads more slowly than the documents change.';
    this.#fail(new StatusError(Code.RESOURCE_EXHAUSTED, message));
  }

  #fail(error: StatusError): void {
    if (this.#ended) return;
    this.close();
    this.sink.end(error);
  }
}

/** Begins a target: its results, and the read time that all targets of the stream have reached. */
function* initialMessages(
  target: ActiveTarget,
  { changes, reset, count }: InitialResults,
  cache: MessageCache,
): Iterable<v1.ListenResponse> {
  const { id } = target;
  yield targetChange('ADD', id);
  if (reset) yield targetChange('RESET', id);
  for (const { name, document, matches } of changes) {
    if (!target.active) return;
    const ids = matches
      ? { targetIds: [id], removedTargetIds: [] }
      : { targetIds: [], removedTargetIds: [id] };
    if (!document) yield cache.delete(name, ids);
    else if (matches) yield cache.change(target.project(document), target.variant, ids);
    else yield cache.remove(name, ids);
  }
  if (!target.active) return;
  if (count !== undefined) yield { filter: { targetId: id, count } };
  yield cache.targetChange('CURRENT', [id]);
  yield cache.snapshot();
}

function invalid(message: string): StatusError {
  return new StatusError(Code.INVALID_ARGUMENT, message);
}
