/** Opens, finds and ends WebChannel sessions. */
import { randomBytes } from 'node:crypto';
import type { protobuf } from 'google-gax';
import { Code, StatusError } from '../../errors.js';
import { identifyCaller, type Caller } from '../../caller.js';
import { openListen, openWrite } from '../../listen/streams.js';
import type { FirestoreService } from '../../service.js';
import type * as v1 from '../../v1.js';
import { parseJson } from '../json-body.js';
import { fromJson, methodShape, toJson } from '../protocol.js';
import {
  Session,
  SESSION_LIMITS,
  type Codec,
  type PendingTotal,
  type SessionLimits,
} from './session.js';

/** The streams of the service that web SDKs open. */
export type StreamName = 'Listen' | 'Write';

type AnySession =
  Session<v1.ListenRequest, v1.ListenResponse> | Session<v1.WriteRequest, v1.WriteResponse>;

/** The most sessions at the same time. */
const MAX_SESSIONS = 2000;

/** JSON of messages, so that a message for many sessions is converted once. */
const formatted = new WeakMap<object, string>();

function codecOf<Request, Response extends object>(name: StreamName): Codec<Request, Response> {
  const { requestType, responseType } = methodShape(name);
  return {
    parse: (text) => fromJson(requestType, parseJson(text)) as Request,
    format: (response) => format(responseType, response),
  };
}

function format(type: protobuf.Type, message: object): string {
  let text = formatted.get(message);
  if (text === undefined) formatted.set(message, (text = JSON.stringify(toJson(type, message))));
  return text;
}

const LISTEN = codecOf<v1.ListenRequest, v1.ListenResponse>('Listen');
const WRITE = codecOf<v1.WriteRequest, v1.WriteResponse>('Write');

/** All sessions of an emulator. */
export class Sessions {
  readonly #pendingTotal: PendingTotal = { characters: 0 };
  readonly #sessions = new Map<string, { name: StreamName; session: AnySession }>();

  /** @param limits of each session */
  constructor(
    private readonly service: FirestoreService,
    private readonly limits: SessionLimits = SESSION_LIMITS,
    private readonly maxSessions = MAX_SESSIONS,
  ) {}

  get size(): number {
    return this.#sessions.size;
  }

  /**
   * Opens a session. A client whose Authorization is unusable gets the error as the stream's end.
   * @throws StatusError UNAVAILABLE when there are too many
   */
  open(name: StreamName, authorization: string | undefined): AnySession {
    if (this.#sessions.size >= this.maxSessions) {
      const message = `The emulator serves at most ${this.maxSessions} WebChannel sessions.`;
      throw new StatusError(Code.UNAVAILABLE, message);
    }
    const id = randomBytes(16).toString('base64url');
    const onClosed = (): void => void this.#sessions.delete(id);
    const { service, limits } = this;
    const total = this.#pendingTotal;
    let caller: Caller = { kind: 'client', auth: null };
    let failure: StatusError | undefined;
    try {
      caller = identifyCaller(authorization);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      failure = error;
    }
    const session =
      name === 'Listen'
        ? new Session(
            id,
            LISTEN,
            (sink) => openListen(service, caller, sink),
            onClosed,
            limits,
            total,
          )
        : new Session(
            id,
            WRITE,
            (sink) => openWrite(service, caller, sink),
            onClosed,
            limits,
            total,
          );
    this.#sessions.set(id, { name, session });
    if (failure) session.end(failure);
    return session;
  }

  /** @throws StatusError with the text that makes clients open another session */
  find(name: StreamName, id: string): AnySession {
    const found = this.#sessions.get(id);
    if (found?.name !== name) throw new StatusError(Code.INVALID_ARGUMENT, 'Unknown SID');
    return found.session;
  }

  /** Ends all sessions. */
  closeAll(): void {
    for (const { session } of [...this.#sessions.values()]) session.close();
  }
}
