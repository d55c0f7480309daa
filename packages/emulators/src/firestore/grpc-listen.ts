/** Listen, the call of the service that talks both ways. */
import type { Duplex } from 'node:stream';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Caller } from './caller.js';
import { Code, StatusError, toServiceError } from './errors.js';
import { repairQuery } from './query-repair.js';
import type { FirestoreService } from './service.js';
import type * as v1 from './v1.js';

type Call = ServerDuplexStream<object, object>;

/**
 * Listens to documents and queries, for the Admin SDK: one target a stream. The full web SDK puts
 * many targets on one stream, which the in-memory database mixes up, so clients are refused.
 */
export function listen(service: FirestoreService, call: Call, caller: Caller): void {
  if (caller.kind === 'client') {
    call.on('data', (request: v1.ListenRequest) => refuse(call, request));
    call.on('end', () => call.end());
    return;
  }
  let stream: Duplex | undefined;
  const open = (database: string): Duplex => {
    const opened = service.openListen(database);
    opened.on('data', (response: v1.ListenResponse) => call.write(response));
    opened.on('error', (error) => fail(call, error));
    opened.on('end', () => call.end());
    return opened;
  };
  call.on('data', (request: v1.ListenRequest) => {
    try {
      stream ??= open(request.database ?? '');
      stream.write(repaired(request));
    } catch (error) {
      fail(call, error);
    }
  });
  call.on('end', () => stream?.end());
  call.on('cancelled', () => stream?.destroy());
}

/** Streams of writes are the full web SDK's alone. */
export function write(): never {
  throw new StatusError(Code.UNIMPLEMENTED, USE_LITE);
}

const USE_LITE = 'The local Firestore serves clients of firebase/firestore/lite only.';

/** Refuses a target, as Firestore does: after an error of the stream SDKs would try again. */
function refuse(call: Call, { addTarget }: v1.ListenRequest): void {
  if (!addTarget) return;
  const cause = { code: Code.UNIMPLEMENTED, message: USE_LITE };
  const targetIds = [addTarget.targetId ?? 0];
  call.write({ targetChange: { targetChangeType: 'REMOVE', targetIds, cause } });
}

function repaired(request: v1.ListenRequest): v1.ListenRequest {
  const query = request.addTarget?.query;
  if (!query?.structuredQuery) return request;
  const structuredQuery = repairQuery(query.structuredQuery);
  return { ...request, addTarget: { ...request.addTarget, query: { ...query, structuredQuery } } };
}

function fail(call: Call, error: unknown): void {
  call.emit('error', toServiceError(error));
}
