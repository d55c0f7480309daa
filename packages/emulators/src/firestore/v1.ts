/** Short names for the google.firestore.v1 messages used in this folder. */
import type { google } from '@google-cloud/firestore/build/protos/firestore_v1_proto_api.js';

export type Value = google.firestore.v1.IValue;
export type Fields = Record<string, Value>;
export type Document = google.firestore.v1.IDocument;
export type Write = google.firestore.v1.IWrite & { verify?: string | null };
export type Timestamp = google.protobuf.ITimestamp;
export type Precondition = google.firestore.v1.IPrecondition;
export type Query = google.firestore.v1.IStructuredQuery;
export type Filter = google.firestore.v1.StructuredQuery.IFilter;
export type TransactionOptions = google.firestore.v1.ITransactionOptions;
export type GetDocumentRequest = google.firestore.v1.IGetDocumentRequest;
export type ListDocumentsRequest = google.firestore.v1.IListDocumentsRequest;
export type ListDocumentsResponse = google.firestore.v1.IListDocumentsResponse;
export type CreateDocumentRequest = google.firestore.v1.ICreateDocumentRequest;
export type UpdateDocumentRequest = google.firestore.v1.IUpdateDocumentRequest;
export type DeleteDocumentRequest = google.firestore.v1.IDeleteDocumentRequest;
export type BatchGetRequest = google.firestore.v1.IBatchGetDocumentsRequest;
export type BatchGetResponse = google.firestore.v1.IBatchGetDocumentsResponse;
export type BeginRequest = google.firestore.v1.IBeginTransactionRequest;
export type BeginResponse = google.firestore.v1.IBeginTransactionResponse;
export type CommitRequest = Omit<google.firestore.v1.ICommitRequest, 'writes'> & {
  writes?: Write[] | null;
};
export type CommitResponse = google.firestore.v1.ICommitResponse;
export type BatchWriteRequest = google.firestore.v1.IBatchWriteRequest;
export type BatchWriteResponse = google.firestore.v1.IBatchWriteResponse;
export type RollbackRequest = google.firestore.v1.IRollbackRequest;
export type RunQueryRequest = google.firestore.v1.IRunQueryRequest;
export type RunQueryResponse = google.firestore.v1.IRunQueryResponse;
export type AggregationRequest = google.firestore.v1.IRunAggregationQueryRequest;
export type AggregationResponse = google.firestore.v1.IRunAggregationQueryResponse;
export type ListCollectionIdsRequest = google.firestore.v1.IListCollectionIdsRequest;
export type ListCollectionIdsResponse = google.firestore.v1.IListCollectionIdsResponse;
export type ListenRequest = google.firestore.v1.IListenRequest;
export type ListenResponse = google.firestore.v1.IListenResponse;
export type ListenTarget = google.firestore.v1.ITarget;
export type TargetChange = google.firestore.v1.ITargetChange;
export type WriteRequest = Omit<google.firestore.v1.IWriteRequest, 'writes'> & {
  writes?: Write[] | null;
};
export type WriteResponse = google.firestore.v1.IWriteResponse;
