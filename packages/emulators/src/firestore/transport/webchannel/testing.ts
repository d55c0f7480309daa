/** Test helpers: the HTTP requests of a WebChannel client. */
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Authorizer } from '../../rules/authorizer.js';
import { rulesEngine } from '../../rules/rules-adapter.js';
import { FirestoreService } from '../../service.js';
import { Triggers } from '../../triggers.js';
import { BodyReader } from '../body-reader.js';
import { channelOf, handleChannel } from './routes.js';
import { SESSION_LIMITS, type SessionLimits } from './session.js';
import { Sessions, type StreamName } from './sessions.js';

export const DATABASE = 'projects/demo-channel/databases/(default)';

/** An array that the server has sent: its number and what it holds. */
export type ServerArray = [number, unknown[]];

/** An empty service. @param rules of the default database; without, every request is allowed */
export function createService(rules?: string): FirestoreService {
  const authorizer = new Authorizer(rulesEngine);
  if (rules !== undefined) {
    authorizer.rulesets.loadDefault({ source: rules, file: 'firestore.rules' });
  }
  return new FirestoreService(authorizer, new Triggers());
}

/** Splits a response into its chunks. @returns their arrays, and the text of the chunk that is not complete */
export function parseChunks(text: string): { arrays: ServerArray[]; rest: string } {
  const arrays: ServerArray[] = [];
  let rest = text;
  for (;;) {
    const header = /^(\d+)\n/.exec(rest);
    const end = header ? header[0].length + Number(header[1]) : Infinity;
    if (rest.length < end) return { arrays, rest };
    arrays.push(...(JSON.parse(rest.slice(header?.[0].length, end)) as ServerArray[]));
    rest = rest.slice(end);
  }
}

/** A response to GET, read while it comes. */
export class BackChannelResponse {
  readonly arrays: ServerArray[] = [];
  readonly #reader: ReadableStreamDefaultReader<string>;
  #rest = '';

  constructor(
    readonly response: Response,
    private readonly abort: AbortController,
  ) {
    if (!response.body) throw new Error('expected a body, found none');
    this.#reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Reads until an array fits. @throws Error when the response ends before */
  async until(fits: (array: ServerArray) => boolean): Promise<ServerArray> {
    for (;;) {
      const found = this.arrays.find(fits);
      if (found) return found;
      if (!(await this.#read())) throw new Error(`ended after ${JSON.stringify(this.arrays)}`);
    }
  }

  /** Reads to the end of the response. */
  async end(): Promise<ServerArray[]> {
    while (await this.#read());
    return this.arrays;
  }

  /** Drops the connection, as a browser does that goes offline. */
  drop(): void {
    this.abort.abort();
  }

  async #read(): Promise<boolean> {
    const { done, value = '' } = await this.#reader.read();
    const { arrays, rest } = parseChunks(this.#rest + value);
    this.arrays.push(...arrays);
    this.#rest = rest;
    return !done;
  }
}

/** A server with the routes of WebChannel only. */
export class TestServer {
  readonly sessions: Sessions;
  #url = '';

  private constructor(
    readonly service: FirestoreService,
    private readonly server: http.Server,
    sessions: Sessions,
  ) {
    this.sessions = sessions;
  }

  static async start(
    service: FirestoreService,
    limits: Partial<SessionLimits> = {},
    maxSessions?: number,
  ): Promise<TestServer> {
    const sessions = new Sessions(service, { ...SESSION_LIMITS, ...limits }, maxSessions);
    const bodies = new BodyReader();
    const server = http.createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const name = channelOf(url.pathname);
      if (name) {
        void handleChannel(sessions, bodies, name, url.searchParams, request, response);
      } else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const started = new TestServer(service, server, sessions);
    started.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return started;
  }

  async stop(): Promise<void> {
    this.sessions.closeAll();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Sends a request. @param query without what each request has */
  request(name: StreamName, query: Record<string, string>, init?: RequestInit): Promise<Response> {
    const search = new URLSearchParams({ VER: '8', database: DATABASE, zx: 'x', t: '1', ...query });
    return fetch(
      `${this.#url}/google.firestore.v1.Firestore/${name}/channel?${search.toString()}`,
      init,
    );
  }

  /** Sends messages; without `SID` in the query they open a session. */
  post(
    name: StreamName,
    query: Record<string, string>,
    messages: readonly unknown[],
    form: Record<string, string> = {},
  ): Promise<Response> {
    const body = new URLSearchParams({ count: `${messages.length}`, ofs: '0', ...form });
    messages.forEach((message, index) => {
      const text = typeof message === 'string' ? message : JSON.stringify(message);
      body.set(`req${index}___data__`, text);
    });
    return this.request(name, { RID: '1', ...query }, { method: 'POST', body });
  }

  /** @returns the id of a new session */
  async open(
    name: StreamName,
    messages: readonly unknown[] = [],
    form: Record<string, string> = {},
  ): Promise<string> {
    const response = await this.post(name, { CVER: '22' }, messages, form);
    const { arrays } = parseChunks(await response.text());
    return String(arrays[0]?.[1][1]);
  }

  /** Opens the back channel of a session. */
  async attach(
    name: StreamName,
    sid: string,
    query: Record<string, string> = {},
  ): Promise<BackChannelResponse> {
    const abort = new AbortController();
    const all = { RID: 'rpc', TYPE: 'xmlhttp', SID: sid, AID: '0', CI: '0', ...query };
    const response = await this.request(name, all, { signal: abort.signal });
    return new BackChannelResponse(response, abort);
  }
}
