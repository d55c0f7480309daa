/** A client for Google's REST APIs: one kind of answer, a timeout, and a limit for the size of a response. */
import { z } from 'zod';
import { toPrintable } from '../printable.js';

/** Timeout of one request with its response, milliseconds. */
const TIMEOUT_MS = 20_000;
/** Maximum size of a response, bytes. A page of functions has some hundred kilobytes at most. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Maximum number of pages of a list. */
const MAX_PAGES = 50;
/** Maximum length of a message of Google that is shown, characters. */
const MAX_MESSAGE = 300;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface RestOptions {
  /** The user's project; quota of the APIs that need one is counted there. */
  projectId: string;
  /** Gets an OAuth 2.0 access token; throws CredentialsError. */
  accessToken: () => Promise<string>;
  fetch: Fetch;
  timeoutMs?: number;
  maxBytes?: number;
}

/** A request to a Google API. */
export interface ApiRequest<T> {
  url: string;
  /** The IAM permission that it needs: named if Google's response does not name one. */
  permission: string;
  schema: z.ZodType<T>;
  method?: 'GET' | 'POST' | 'DELETE';
  /** JSON, or the bytes of an object. */
  body?: object | { bytes: Buffer; contentType: string };
}

/** A value, or why there is none. */
export type Answer<T> = { value: T } | Failure;

export interface Failure {
  /** HTTP status; 0 without a response. */
  status: number;
  /** Google's message, or what was found instead of a response; printable. */
  reason: string;
  /** The permission that the account lacks. */
  permission?: string;
  /** The API that is not enabled. */
  disabledApi?: string;
}

/** There are no credentials, or Google rejects them; the message is for the user. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
}

export interface RestClient {
  /** @throws CredentialsError */
  send<T>(request: ApiRequest<T>): Promise<Answer<T>>;
  /**
   * Gets all pages of a list.
   * @param items reads the items of a page
   * @throws CredentialsError
   */
  list<P extends { nextPageToken?: string | undefined }, T>(
    request: ApiRequest<P>,
    items: (page: P) => T[],
  ): Promise<Answer<T[]>>;
  /** Sends a request without credentials. @param headers of the request */
  anonymous(url: string): Promise<Answer<AnonymousResponse>>;
}

/** A response to somebody without credentials, whatever its status. */
export interface AnonymousResponse {
  status: number;
  headers: Headers;
  body: Buffer;
}

/**
 * The format of errors: https://cloud.google.com/apis/design/errors#http_mapping, with ErrorInfo in `details`
 * (https://cloud.google.com/apis/design/errors#error_info). Cloud Storage has `errors` and no details:
 * https://cloud.google.com/storage/docs/json_api/v1/status-codes.
 */
const ERROR = z.object({
  error: z.object({
    message: z.string().default(''),
    details: z
      .array(
        z.object({
          reason: z.string().optional(),
          metadata: z
            .object({ permission: z.string().optional(), service: z.string().optional() })
            .optional(),
        }),
      )
      .default([]),
  }),
});

export function openRestClient(options: RestOptions): RestClient {
  const { projectId, accessToken, fetch, timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES } = options;
  /** APIs that count the requests of the user's own credentials in a project that the request names. */
  const needQuotaProject = new Set<string>();

  async function exchange(url: string, init: RequestInit): Promise<Answer<AnonymousResponse>> {
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await fetch(url, { ...init, redirect: 'manual', signal });
      const body = await readBody(response, maxBytes);
      if (body === undefined) {
        return { status: 0, reason: `a response of more than ${maxBytes} bytes` };
      }
      return { value: { status: response.status, headers: response.headers, body } };
    } catch (error) {
      return { status: 0, reason: networkReason(error, timeoutMs) };
    }
  }

  async function send<T>(request: ApiRequest<T>): Promise<Answer<T>> {
    const { url, method = 'GET', body, schema, permission } = request;
    const { host } = new URL(url);
    const headers: Record<string, string> = { Authorization: `Bearer ${await accessToken()}` };
    if (needQuotaProject.has(host)) headers['X-Goog-User-Project'] = projectId;
    let content: RequestInit['body'];
    if (body !== undefined) {
      const isBytes = 'bytes' in body;
      headers['Content-Type'] = isBytes ? body.contentType : 'application/json';
      content = isBytes ? new Uint8Array(body.bytes) : JSON.stringify(body);
    }
    const init = { method, headers, ...(content !== undefined && { body: content }) };
    const exchanged = await exchange(url, init);
    if (!('value' in exchanged)) return exchanged;
    const { status, body: bytes } = exchanged.value;
    const json = parseJson(bytes);
    if (status === 401) {
      throw new CredentialsError(
        'expected credentials that Google accepts, found that it rejects them (HTTP 401): run ' +
          '"gcloud auth application-default login".',
      );
    }
    if (status >= 200 && status < 300) {
      const parsed = schema.safeParse(json ?? {});
      if (parsed.success) return { value: parsed.data };
      const path = parsed.error.issues[0]?.path.join('.') ?? '';
      return { status, reason: `a response of another format (${path})` };
    }
    const failure = failureOf(status, json, permission);
    if (isQuotaProjectMissing(failure) && !needQuotaProject.has(host)) {
      needQuotaProject.add(host);
      return send(request);
    }
    return failure;
  }

  return {
    send,
    async list(request, items) {
      const all: ReturnType<typeof items> = [];
      let pageToken = '';
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const url = new URL(request.url);
        if (pageToken !== '') url.searchParams.set('pageToken', pageToken);
        const answer = await send({ ...request, url: url.href });
        if (!('value' in answer)) return answer;
        all.push(...items(answer.value));
        pageToken = answer.value.nextPageToken ?? '';
        if (pageToken === '') return { value: all };
      }
      return { status: 200, reason: `a list of more than ${MAX_PAGES} pages` };
    },
    anonymous: (url) => exchange(url, { method: 'GET' }),
  };
}

/** @returns undefined if the body is longer */
async function readBody({ body }: Response, maxBytes: number): Promise<Buffer | undefined> {
  if (body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch {
    return undefined;
  }
}

function failureOf(status: number, json: unknown, permission: string): Failure {
  const parsed = ERROR.safeParse(json);
  const { message, details } = parsed.success ? parsed.data.error : { message: '', details: [] };
  const reason = toPrintable(message).slice(0, MAX_MESSAGE) || `HTTP ${status}`;
  if (status !== 403) return { status, reason };
  const disabled = details.find((detail) => detail.reason === 'SERVICE_DISABLED');
  const service = disabled?.metadata?.service;
  if (service !== undefined && /^[a-z0-9.-]+$/.test(service) && !isQuotaMessage(message)) {
    return { status, reason, disabledApi: service };
  }
  const named =
    details.find((detail) => detail.metadata?.permission)?.metadata?.permission ??
    // Cloud Storage: "… does not have storage.buckets.get access to the Google Cloud Storage bucket. …".
    /does not have ([a-zA-Z.]+) access/.exec(message)?.[1];
  return { status, reason, permission: toPrintable(named ?? permission) };
}

/** Credentials of `gcloud auth application-default login` name no project for some APIs. */
function isQuotaProjectMissing({ status, reason }: Failure): boolean {
  return status === 403 && isQuotaMessage(reason);
}

function isQuotaMessage(message: string): boolean {
  return /requires a quota project/.test(message);
}

function networkReason(error: unknown, timeoutMs: number): string {
  const { name, cause, message } = error as Error & { cause?: { code?: string } };
  if (name === 'TimeoutError') return `no response within ${timeoutMs / 1000} s`;
  return `no response (${toPrintable(String(cause?.code ?? message)).slice(0, MAX_MESSAGE)})`;
}
