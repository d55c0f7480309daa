/** The gRPC interface of the emulator, which the Admin SDK uses. */
import * as grpc from '@grpc/grpc-js';
import type { Caller } from '../caller.js';
import { identifyCaller } from '../caller.js';
import { toServiceError } from '../errors.js';
import { listen, write } from '../listen/grpc-listen.js';
import { OutgoingMessage, sendWithoutWaiting } from './grpc-outgoing.js';
import { decode, encode, MAX_REQUEST_BYTES, methods } from './protocol.js';
import type { FirestoreService } from '../service.js';

/** No TLS, like Google's emulator. */
export const credentials = grpc.ServerCredentials.createInsecure();

type Unary = (request: object, caller: Caller) => Promise<object>;
type Streaming = (request: object, caller: Caller) => Promise<object[]>;

/** Creates a gRPC server for the service. It opens no port; the caller passes it sockets. */
export function createGrpcServer(service: FirestoreService): grpc.Server {
  const server = new grpc.Server({
    'grpc.max_receive_message_length': MAX_REQUEST_BYTES,
    'grpc.max_send_message_length': -1,
    interceptors: [sendWithoutWaiting],
  });
  const definition: Record<string, grpc.MethodDefinition<object, object>> = {};
  for (const method of methods) {
    definition[method.name] = {
      path: `/google.firestore.v1.Firestore/${method.name}`,
      requestStream: method.requestStream,
      responseStream: method.responseStream,
      requestSerialize: (request) => encode(method.requestType, request),
      requestDeserialize: (bytes) => decode(method.requestType, bytes),
      responseSerialize: (response) =>
        response instanceof OutgoingMessage
          ? response.bytes
          : encode(method.responseType, response),
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
    PartitionQuery: unary(() => service.partitionQuery()),
    BatchGetDocuments: streaming((request, caller) => service.batchGet(request, caller)),
    RunQuery: streaming((request, caller) => service.runQuery(request, caller)),
    RunAggregationQuery: streaming((request, caller) => service.aggregate(request, caller)),
    Listen: withCaller((call, caller) => listen(service, call, caller)),
    Write: withCaller((call, caller) => write(service, call, caller)),
  };
}

function unary(handler: Unary): grpc.handleUnaryCall<object, object> {
  return (call, callback) => {
    const result = Promise.resolve().then(() => handler(call.request, callerOf(call.metadata)));
    result.then(
      (response) => callback(null, response),
      (error: unknown) => callback(toServiceError(error)),
    );
  };
}

function streaming(handler: Streaming): grpc.handleServerStreamingCall<object, object> {
  return (call) => {
    const result = Promise.resolve().then(() => handler(call.request, callerOf(call.metadata)));
    result.then(
      (responses) => {
        for (const response of responses) call.write(response);
        call.end();
      },
      (error: unknown) => {
        // Clients treat a stream that ends without metadata as a lost connection and retry for seconds.
        call.sendMetadata(new grpc.Metadata());
        call.emit('error', toServiceError(error));
      },
    );
  };
}

function withCaller(
  handler: (call: grpc.ServerDuplexStream<object, object>, caller: Caller) => void,
): grpc.handleBidiStreamingCall<object, object> {
  return (call) => {
    call.sendMetadata(new grpc.Metadata());
    try {
      handler(call, callerOf(call.metadata));
    } catch (error) {
      call.emit('error', toServiceError(error));
    }
  };
}

function callerOf(metadata: grpc.Metadata): Caller {
  return identifyCaller(metadata.get('authorization')[0]?.toString());
}
