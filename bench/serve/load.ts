/** Requests from one process to another, over connections that are kept. */
import { Agent, request as httpRequest } from 'node:http';

export interface Ask {
  path: string;
  headers?: Record<string, string>;
  /** Whether the client goes away as soon as the answer begins. */
  leaves?: boolean;
}

export interface Answer {
  /** 0: the connection broke. */
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  /** Until the last byte, milliseconds. */
  ms: number;
}

export interface Client {
  ask: (ask: Ask) => Promise<Answer>;
  close: () => void;
}

export function openClient(port: number, connections = 100): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const ask = ({ path, headers = {}, leaves = false }: Ask) =>
    new Promise<Answer>((resolve) => {
      const begun = performance.now();
      const end = (status: number, answered: Answer['headers'] = {}) =>
        resolve({ status, headers: answered, ms: performance.now() - begun });
      const request = httpRequest({ host: '127.0.0.1', port, path, headers, agent });
      request.once('error', () => end(0));
      request.once('response', (response) => {
        if (leaves) {
          request.destroy();
          return end(response.statusCode ?? 0);
        }
        response.resume();
        response.once('end', () => end(response.statusCode ?? 0, response.headers));
        response.once('aborted', () => end(0));
      });
      request.end();
    });
  return { ask, close: () => agent.destroy() };
}

/** Sends so many requests, so many at a time, as fast as they are answered. */
export async function flood(
  client: Client,
  count: number,
  together: number,
  make: (at: number) => Ask,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) answers.push(await client.ask(make(next++)));
  };
  await Promise.all(Array.from({ length: together }, worker));
  return answers;
}

/** Sends requests at a fixed rate, whether they are answered or not, and waits for all answers. */
export async function paced(
  client: Client,
  perSecond: number,
  seconds: number,
  make: (at: number) => Ask,
): Promise<Answer[]> {
  const answers: Promise<Answer>[] = [];
  const begun = performance.now();
  await new Promise<void>((done) => {
    const timer = setInterval(() => {
      const elapsed = (performance.now() - begun) / 1000;
      const due = Math.floor(Math.min(elapsed, seconds) * perSecond);
      while (answers.length < due) answers.push(client.ask(make(answers.length)));
      if (elapsed < seconds) return;
      clearInterval(timer);
      done();
    }, 5);
  });
  return Promise.all(answers);
}
