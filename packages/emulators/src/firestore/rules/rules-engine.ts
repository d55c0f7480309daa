/** The interface of the rules engine; `rules-adapter.ts` implements it. */

import type {
  Coverage,
  ExpressionReport,
  FilterOperator,
  QueryAlternative,
  QueryFilter,
  RulesValue,
  SharedReads,
} from 'firebase-rules-check';

export type { Coverage, ExpressionReport, FilterOperator, QueryFilter, RulesValue, SharedReads };

export type RulesMethod = 'get' | 'list' | 'create' | 'update' | 'delete';

/** Reads documents for get(), exists() and getAfter(); the value is a map {data, id, __name__}. */
export interface DocumentReader {
  get(path: string[]): Promise<RulesValue | undefined>;
  getAfter?(path: string[]): Promise<RulesValue | undefined>;
}

export interface RulesRequest {
  service: 'cloud.firestore';
  method: RulesMethod;
  path: string[];
  request: RulesValue;
  /** Undefined: its use is an error. */
  resource: RulesValue | undefined;
  documents: DocumentReader;
  /** Shared by all requests whose document reads count toward one limit. */
  sharedReads?: SharedReads;
  /** Counts the results of the evaluated expressions; from `coverage()` of the same ruleset. */
  coverage?: Coverage;
}

export interface Decision {
  allowed: boolean;
  tried: {
    line: number;
    column: number;
    allowed: boolean;
    why: string;
    /** The position of the error, if evaluating the condition failed. */
    errorAt?: { line: number; column: number };
  }[];
}

export interface Ruleset {
  evaluate(request: RulesRequest): Promise<Decision>;
  /** Creates an empty count of results for `RulesRequest.coverage`; its `report()` is that of `:ruleCoverage`. */
  coverage(): Coverage;
}

/** An error or a warning in rules, in the format of the emulator's API. Rules with warnings only are loaded. */
export interface Issue {
  sourcePosition: {
    fileName: string;
    line: number;
    column: number;
    /** Offsets into the text in UTF-16 code units; absent for an error. */
    currentOffset?: number;
    endOffset?: number;
  };
  severity: 'ERROR' | 'WARNING';
  description: string;
}

/** Compiles rules and creates the values that they operate on. */
export interface RulesEngine {
  /** Path segments for the parts that a query does not determine. */
  readonly anyDocument: string;
  readonly anyParents: string;
  compile(source: string, file: string): { ruleset?: Ruleset; issues: Issue[] };
  /** The error message of a denied request for the client: where and why it was denied. */
  denialMessage(method: RulesMethod, tried: Decision['tried']): string;
  /** A counter of document reads for one batch, transaction or read of several documents. */
  createSharedReads(): SharedReads;
  /** Accepts null, booleans, strings, bigints (int), bytes, and arrays and objects of these. */
  fromJson(value: unknown): RulesValue;
  float(value: number): RulesValue;
  timestamp(seconds: number, nanos: number): RulesValue;
  latlng(latitude: number, longitude: number): RulesValue;
  path(segments: string[]): RulesValue;
  list(items: RulesValue[]): RulesValue;
  map(entries: Record<string, RulesValue>): RulesValue;
  /**
   * What the filters of a query say about the documents that it may return.
   * @throws RangeError for filters with too many alternatives
   */
  queryAlternatives(filter: QueryFilter | undefined): QueryAlternative[];
}
