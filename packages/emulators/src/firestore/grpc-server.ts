/** The gRPC side of the front: the Admin SDK's. */
import * as grpc from '@grpc/grpc-js';
import type { Caller } from './caller.js';
import { identifyCaller } from './caller.js';
import { toServiceError } from './errors.js';
import { listen, write } from './grpc-listen.js';
import { decode, encode, methods } from './protocol.js';
import type { FirestoreService } from './service.js';

/** The emulator speaks plain text: no TLS. */
export const credentials = grpc.ServerCredentials.createInsecure();

/** Firestore takes requests up to 10 MiB; the rest is room for what wraps them. */
const MOST_BYTES = 11 * 1024 * 1024;

type Unary = (request: object, caller: Caller) => Promise<object>;
type Streaming = (request: object, caller: Caller) => Promise<object[]>;

/** A gRPC server for the service; it listens nowhere, its sockets are handed to it. */
export function makeGrpcServer(service: FirestoreService): grpc.Server {
  const server = new grpc.Server({
    'grpc.max_receive_message_length': MOST_BYTES,
    'grpc.max_send_message_length': -1,
  });
  const definition: Record<string, grpc.MethodDefinition<object, object>> = {};
  for (const method of methods) {
    definition[method.name] = {
      path: `/google.firestore.v1.Firestore/${method.name}`,
      requestStream: method.requestStream,
      responseStream: method.responseStream,
      requestSerialize: (request) => encode(method.requestType, request),
      requestDeserialize: (bytes) => decode(method.requestType, bytes),
      responseSerialize: (response) => encode(method.responseType, response),
      responseDeserialize: (bytes) => decode(method.responseType, bytes),
    };
  }
  server.addService(definition, implementation(service));
  return server;
}

function implementation(service: FirestoreService): grpc.UntypedServiceImplementation {
  return {
    GetDocument: unary((request, caller) => service.getDocument(request, caller)),
    ListDocuments: unary((request, caller) => service.listDocuments(request, caller)),
    CreateDocument: unary((request, caller) => service.createDocument(request, caller)),
    UpdateDocument: unary((request, caller) => service.updateDocument(request, caller)),
    DeleteDocument: unary((request, caller) => service.deleteDocument(request, caller)),
    BeginTransaction: unary((request) => service.beginTransaction(request)),
    Commit: unary((request, caller) => service.commit(request, caller)),
    BatchWrite: unary((request, caller) => service.batchWrite(request, caller)),
    Rollback: unary((request) => service.rollback(request)),
    ListCollectionIds: unary((request, caller) => service.listCollectionIds(request, caller)),
    PartitionQuery: unary((_request, caller) => service.partitionQuery(caller)),
    BatchGetDocuments: streaming((request, caller) => service.batchGet(request, caller)),
    RunQuery: streaming((request, caller) => service.runQuery(request, caller)),
    RunAggregationQuery: streaming((request, caller) => service.aggregate(request, caller)),
    Listen: withCaller((call, caller) => listen(service, call, caller)),
    Write: withCaller(() => write()),
  };
}

function unary(answer: Unary): grpc.handleUnaryCall<object, object> {
  return (call, callback) => {
    const answered = Promise.resolve().then(() => answer(call.request, callerOf(call.metadata)));
    answered.then(
      (response) => callback(null, response),
      (error: unknown) => callback(toServiceError(error)),
    );
  };
}

function streaming(answer: Streaming): grpc.handleServerStreamingCall<object, object> {
  return (call) => {
    const answered = Promise.resolve().then(() => answer(call.request, callerOf(call.metadata)));
    answered.then(
      (responses) => {
        for (const response of responses) call.write(response);
        call.end();
      },
      (error: unknown) => {
        // Clients take a stream that ends before its metadata for a lost one, and try for seconds.
        call.sendMetadata(new grpc.Metadata());
        call.emit('error', toServiceError(error));
      },
    );
  };
}

function withCaller(
  talk: (call: grpc.ServerDuplexStream<object, object>, caller: Caller) => void,
): grpc.handleBidiStreamingCall<object, object> {
  return (call) => {
    call.sendMetadata(new grpc.Metadata());
    try {
      talk(call, callerOf(call.metadata));
    } catch (error) {
      call.emit('error', toServiceError(error));
    }
  };
}

function callerOf(metadata: grpc.Metadata): Caller {
  return identifyCaller(metadata.get('authorization')[0]?.toString());
}
