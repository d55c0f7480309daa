/** The two objects that the functions of `serve` share: what an instance keeps, and what is known of one request. */
import type { Config } from '../config/config.js';
import type { SealLimits } from '../domain/seal.js';
import type { Log } from '../log.js';
import type { ClientAddress } from './client-address.js';
import type { ConditionalHeaders } from './conditional.js';
import type { EdgeAccess, EdgeHeaders } from './edge-access.js';
import type { RateLimiter } from './rate-limit.js';
import type { BodyHeaders } from './request-body.js';
import type { RenditionStore } from './renditions.js';
import type { Resolver, TokenLookup } from './resolve.js';
import type { Route } from './route.js';
import type { Seals } from './seals.js';
import type { WidthRequests } from './width-requests.js';

/** The request headers that are read, named as Node names them. */
export interface RequestHeaders extends ConditionalHeaders, BodyHeaders, EdgeHeaders {
  accept?: string | undefined;
  'cf-connecting-ip'?: string | undefined;
  'x-forwarded-for'?: string | string[] | undefined;
  'x-forwarded-proto'?: string | string[] | undefined;
}

/** An HTTP request, without its framework. */
export interface ServeRequest {
  method: string;
  /** Path and query, not decoded. */
  url: string;
  headers: RequestHeaders;
  /** IP address of the other end of the connection. */
  remoteAddress?: string | undefined;
  /** Aborted when the client disconnects. Read only before a read of Firestore or Cloud Storage. */
  readonly signal: AbortSignal;
}

export type ServeConfig = Pick<
  Config,
  | 'publicBaseUrl'
  | 'revocationSeconds'
  | 'noindex'
  | 'trustedProxies'
  | 'edgeKeyHashes'
  | 'quotas'
  | 'variants'
  | 'widths'
  | 'publicVariants'
  | 'formats'
  | 'autoFormat'
  | 'bucket'
  | 'sealingKeys'
>;

/** What one instance keeps between requests. */
export interface ServeContext {
  config: ServeConfig;
  log: Log;
  /** Milliseconds since 1970; for expiry times. */
  now: () => number;
  /** Monotonic, milliseconds; for the age of what is in memory. */
  clock: () => number;
  /** The headers of every response: name, value, name, value. */
  commonHeaders: readonly string[];
  seals: Seals;
  tokens: Resolver;
  renditions: RenditionStore;
  rateLimiter: RateLimiter;
  isAdmitted: EdgeAccess;
  clientAddress: ClientAddress;
  /** Absent without WIDTHS. */
  widthRequests?: WidthRequests;
}

/** What building a response with an image needs: packages/edge has no more. */
export interface ResponseContext extends Pick<
  ServeContext,
  'commonHeaders' | 'now' | 'clock' | 'renditions'
> {
  config: Pick<ServeConfig, 'revocationSeconds' | 'variants' | 'widths' | 'formats' | 'autoFormat'>;
  rateLimiter: Pick<RateLimiter, 'countBytes'>;
}

/** What is known of one request for a token. */
export interface RequestContext {
  readonly request: ServeRequest;
  readonly route: Route;
  /** base64url SHA-256 of the token. */
  readonly hash: string;
  /** Of a sealed link; absent: the URL has the token itself. */
  readonly limits?: SealLimits;
  /** Undefined until the token is found in memory or read. */
  lookup: TokenLookup | undefined;
  /** Whether the rate limiter has counted the request's reads; each request counts once. */
  isCounted: boolean;
}
