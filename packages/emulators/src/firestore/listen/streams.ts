/** The Listen and Write streams of the service, independent of the transport (gRPC or WebChannel). */
import type { Caller } from '../caller.js';
import type { FirestoreService } from '../service.js';
import type { Store } from '../store/store.js';
import type * as v1 from '../v1.js';
import { ListenHub } from './hub.js';
import { ByteBudget, DEFAULT_LIMITS, type ListenLimits } from './limits.js';
import { type ListenContext, ListenStream } from './listen-stream.js';
import type { OpenStream, Sink } from './sink.js';
import { WriteStream } from './write-stream.js';

export type { OpenStream, Sink } from './sink.js';

/** What the streams need of the service. */
export type StreamService = Pick<FirestoreService, 'authorizer' | 'storeOf' | 'commit'>;

const contexts = new WeakMap<StreamService, ListenContext>();

/**
 * Opens a Listen stream for a caller, who stays the same until the stream ends.
 * @param sink receives the responses; its `end` is called when the stream fails
 */
export function openListen(
  service: StreamService,
  caller: Caller,
  sink: Sink<v1.ListenResponse>,
): OpenStream<v1.ListenRequest> {
  let context = contexts.get(service);
  if (!context) {
    context = createListenContext(service);
    contexts.set(service, context);
  }
  return new ListenStream(context, caller, sink);
}

/**
 * Opens a Write stream for a caller, who stays the same until the stream ends.
 * @param sink receives the responses; its `end` is called when a write fails, with its status
 */
export function openWrite(
  service: StreamService,
  caller: Caller,
  sink: Sink<v1.WriteResponse>,
): OpenStream<v1.WriteRequest> {
  return new WriteStream(service, caller, sink);
}

/** What all Listen streams of a service share. */
export function createListenContext(
  service: Pick<StreamService, 'authorizer' | 'storeOf'>,
  limits: ListenLimits = DEFAULT_LIMITS,
): ListenContext {
  const hubs = new WeakMap<Store, ListenHub>();
  return {
    authorizer: service.authorizer,
    limits,
    budget: new ByteBudget(limits),
    hubOf: (database) => {
      const store = service.storeOf(database);
      let hub = hubs.get(store);
      if (!hub) hubs.set(store, (hub = new ListenHub(store)));
      return hub;
    },
  };
}
