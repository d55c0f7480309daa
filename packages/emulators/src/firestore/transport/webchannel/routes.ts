/** The HTTP requests of WebChannel: `/google.firestore.v1.Firestore/{Listen,Write}/channel`. */
import type * as http from 'node:http';
import { toHttpError, toStatusError } from '../../errors.js';
import type { BodyReader } from '../body-reader.js';
import { chunk, openArray, parseForm, parseHeaders, wholeNumber } from './framing.js';
import { SESSION_LIMITS, type BackChannel } from './session.js';
import type { Sessions, StreamName } from './sessions.js';

const PATH = /^\/google\.firestore\.v1\.Firestore\/(Listen|Write)\/channel$/;
/** The form encoding triples most characters of a message. */
const MAX_BODY_BYTES = 33 * 1024 * 1024;

/** The stream that a path is the channel of; undefined for other paths. */
export function channelOf(path: string): StreamName | undefined {
  return PATH.exec(path)?.[1] as StreamName | undefined;
}

/** Handles a request; every failure is a response. */
export async function handleChannel(
  sessions: Sessions,
  bodies: BodyReader,
  name: StreamName,
  search: URLSearchParams,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  try {
    const id = search.get('SID');
    if (search.get('TYPE') === 'terminate') {
      if (id !== null) sessions.find(name, id).close();
      sendText(response, 200, '');
    } else if (request.method === 'GET') {
      openBackChannel(sessions, name, search, response);
    } else {
      const { maps, headers } = parseForm(await bodies.read(request, MAX_BODY_BYTES));
      if (id === null) {
        const given = parseHeaders(search.get('$httpHeaders') ?? '');
        const authorization = headers.get('authorization') ?? given.get('authorization');
        const session = sessions.open(name, authorization ?? request.headers.authorization);
        sendText(response, 200, chunk(`[${openArray(session.id, SESSION_LIMITS.keepAlive)}]`));
        session.receive(maps);
      } else {
        const session = sessions.find(name, id);
        acknowledge(session, search);
        session.receive(maps);
        sendText(response, 200, chunk(session.status()));
      }
    }
  } catch (error) {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { status, body } = toHttpError(toStatusError(error));
    // The rest of a body that is too large is not read.
    if (!request.complete) response.setHeader('Connection', 'close');
    sendText(response, status, JSON.stringify(body));
  }
}

function openBackChannel(
  sessions: Sessions,
  name: StreamName,
  search: URLSearchParams,
  response: http.ServerResponse,
): void {
  const session = sessions.find(name, search.get('SID') ?? '');
  acknowledge(session, search);
  response.writeHead(200, HEADERS);
  response.flushHeaders();
  const channel: BackChannel = {
    write: (text, onTaken) => void response.write(text, onTaken),
    end: () => void response.end(),
  };
  response.on('close', () => session.detach(channel));
  session.attach(channel, search.get('CI') !== '1');
}

function acknowledge(
  session: { acknowledge(number: number): void },
  search: URLSearchParams,
): void {
  const number = search.get('AID');
  if (number !== null) session.acknowledge(wholeNumber(number, 'AID'));
}

const HEADERS = {
  'Content-Type': 'text/plain; charset=utf-8',
  'Cache-Control': 'no-cache, no-store, max-age=0',
  'X-Content-Type-Options': 'nosniff',
  // Proxies must not collect the chunks of a response.
  'X-Accel-Buffering': 'no',
};

function sendText(response: http.ServerResponse, status: number, text: string): void {
  response.writeHead(status, HEADERS).end(text);
}
