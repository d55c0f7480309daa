/** The bidirectional calls of the service: Listen, and Write (unimplemented). */
import type { Duplex } from 'node:stream';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Caller } from '../caller.js';
import { Code, StatusError, toServiceError } from '../errors.js';
import { rewriteQuery } from '../store/query-rewrite.js';
import type { FirestoreService } from '../service.js';
import type * as v1 from '../v1.js';

type Call = ServerDuplexStream<object, object>;

/**
 * Listens to documents and queries for the Admin SDK, with one target per stream. The full web SDK
 * puts several targets on one stream, which the in-memory database does not separate, so every
 * target of a client is rejected.
 */
export function listen(service: FirestoreService, call: Call, caller: Caller): void {
  if (caller.kind === 'client') {
    call.on('data', (request: v1.ListenRequest) => rejectTarget(call, request));
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
      stream.write(withRewrittenQuery(request));
    } catch (error) {
      fail(call, error);
    }
  });
  call.on('end', () => stream?.end());
  call.on('cancelled', () => stream?.destroy());
}

/** Only the full web SDK uses the Write stream. */
export function write(): never {
  throw new StatusError(Code.UNIMPLEMENTED, USE_LITE);
}

const USE_LITE = 'The local Firestore serves clients of firebase/firestore/lite only.';

/** Rejects one target with a REMOVE, as Firestore does: SDKs retry after an error of the stream. */
function rejectTarget(call: Call, { addTarget }: v1.ListenRequest): void {
  if (!addTarget) return;
  const cause = { code: Code.UNIMPLEMENTED, message: USE_LITE };
  const targetIds = [addTarget.targetId ?? 0];
  call.write({ targetChange: { targetChangeType: 'REMOVE', targetIds, cause } });
}

function withRewrittenQuery(request: v1.ListenRequest): v1.ListenRequest {
  const query = request.addTarget?.query;
  if (!query?.structuredQuery) return request;
  const structuredQuery = rewriteQuery(query.structuredQuery);
  return { ...request, addTarget: { ...request.addTarget, query: { ...query, structuredQuery } } };
}

function fail(call: Call, error: unknown): void {
  call.emit('error', toServiceError(error));
}
