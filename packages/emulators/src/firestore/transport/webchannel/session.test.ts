import { Code, StatusError } from '../../errors.js';
import { Session, SESSION_LIMITS, type BackChannel, type SessionLimits } from './session.js';

interface Opened {
  session: Session<string, string>;
  received: string[];
  isOpen: () => boolean;
}

function open(limits: Partial<SessionLimits> = {}): Opened {
  const received: string[] = [];
  let isOpen = true;
  const codec = {
    parse(text: string) {
      if (text === 'bad') throw new StatusError(Code.INVALID_ARGUMENT, 'bad message');
      return text;
    },
    format: (response: string) => JSON.stringify(response),
  };
  const session = new Session<string, string>(
    'sid',
    codec,
    () => ({
      receive: (text) => void received.push(text),
      finish: () => undefined,
      close: () => undefined,
    }),
    () => (isOpen = false),
    { ...SESSION_LIMITS, ...limits },
  );
  return { session, received, isOpen: () => isOpen };
}

/** A back channel that records its chunks; `take` lets the connection take them. */
class TestChannel implements BackChannel {
  readonly chunks: string[] = [];
  readonly #pending: (() => void)[] = [];
  hasEnded = false;

  write(text: string, onTaken: () => void): void {
    this.chunks.push(text.slice(text.indexOf('\n') + 1));
    this.#pending.push(onTaken);
  }

  end(): void {
    this.hasEnded = true;
  }

  take(): void {
    for (const onTaken of this.#pending.splice(0)) onTaken();
  }
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const maps = (from: number, ...texts: string[]) =>
  texts.map((text, index) => ({ number: from + index, text }));

test('messages of the client are taken once and in order, however they come', () => {
  const { session, received } = open();
  session.receive(maps(2, 'c'));
  session.receive(maps(0, 'a', 'b'));
  session.receive(maps(1, 'b', 'c', 'd'));
  session.receive(maps(0, 'a'));
  expect(received).toEqual(['a', 'b', 'c', 'd']);
  session.close();
});

test('too many messages out of order are refused', () => {
  const { session } = open({ pendingMaps: 2 });
  expect(() => session.receive(maps(5, 'a', 'b', 'c'))).toThrow('out of order');
  session.close();
});

test('a streaming back channel stays open, one of long polling ends after the first arrays', () => {
  const { session } = open();
  const streaming = new TestChannel();
  session.attach(streaming, true);
  session.send('a');
  session.send('b');
  expect(streaming.chunks).toEqual(['[[1,["a"]]]', '[[2,["b"]]]']);
  expect(streaming.hasEnded).toBe(false);
  const polling = new TestChannel();
  session.acknowledge(2);
  session.attach(polling, false);
  expect(streaming.hasEnded).toBe(true);
  session.send('c');
  session.send('d');
  expect(polling.chunks).toEqual(['[[3,["c"]]]']);
  expect(polling.hasEnded).toBe(true);
  const next = new TestChannel();
  session.acknowledge(3);
  session.attach(next, false);
  expect(next.chunks).toEqual(['[[4,["d"]]]']);
  session.close();
});

test('a new back channel gets again what was not acknowledged', () => {
  const { session } = open();
  const lost = new TestChannel();
  session.attach(lost, true);
  session.send('a');
  session.send('b');
  session.detach(lost);
  session.acknowledge(1);
  const next = new TestChannel();
  session.attach(next, true);
  expect(next.chunks).toEqual(['[[2,["b"]]]']);
  // The connection that was replaced ends later.
  session.detach(lost);
  session.send('c');
  expect(next.chunks).toHaveLength(2);
  session.close();
});

test('buffered counts what no connection has taken', () => {
  const { session } = open();
  session.send('a');
  const size = session.buffered;
  expect(size).toBeGreaterThan(0);
  const channel = new TestChannel();
  session.attach(channel, true);
  expect(session.buffered).toBe(size);
  channel.take();
  expect(session.buffered).toBe(0);
  session.detach(channel);
  session.attach(new TestChannel(), true);
  expect(session.buffered).toBe(size);
  session.acknowledge(1);
  expect(session.buffered).toBe(0);
  session.close();
});

test('a status says whether there is a back channel, the last array and the bytes', () => {
  const { session } = open();
  session.send('a');
  expect(session.status()).toBe('[0,1,9]');
  session.attach(new TestChannel(), true);
  session.acknowledge(1);
  expect(session.status()).toBe('[1,1,0]');
  session.close();
});

test('an idle back channel gets noops; without one the session ends', () => {
  const { session, isOpen } = open({ keepAlive: 10, abandoned: 50 });
  const channel = new TestChannel();
  session.attach(channel, true);
  jest.advanceTimersByTime(25);
  expect(channel.chunks).toEqual(['[[1,["noop"]]]', '[[2,["noop"]]]']);
  session.detach(channel);
  jest.advanceTimersByTime(49);
  expect(isOpen()).toBe(true);
  jest.advanceTimersByTime(1);
  expect(isOpen()).toBe(false);
});

test('a session whose client never opens a back channel ends', () => {
  const { isOpen } = open({ abandoned: 50 });
  jest.advanceTimersByTime(50);
  expect(isOpen()).toBe(false);
});

test('a back channel that has sent much ends', () => {
  const { session } = open({ bytesPerBackChannel: 20 });
  const channel = new TestChannel();
  session.attach(channel, true);
  session.send('x'.repeat(30));
  expect(channel.hasEnded).toBe(true);
  session.close();
});

test('an error is the last message; the session ends when it is acknowledged', () => {
  const { session, received, isOpen } = open();
  const channel = new TestChannel();
  session.attach(channel, true);
  session.receive(maps(0, 'bad', 'after'));
  expect(received).toEqual([]);
  const error = '{"error":{"code":400,"message":"bad message","status":"INVALID_ARGUMENT"}}';
  expect(channel.chunks).toEqual([`[[1,[${error}]]]`]);
  session.send('ignored');
  const next = new TestChannel();
  session.acknowledge(1);
  session.attach(next, true);
  expect(next.chunks).toEqual(['[[2,["close"]]]']);
  session.acknowledge(2);
  expect(isOpen()).toBe(false);
});

test('a client that reads nothing gets the error instead of what was queued', () => {
  const { session } = open();
  session.send('a');
  session.send('b');
  session.end(new StatusError(Code.RESOURCE_EXHAUSTED, 'too slow'));
  const channel = new TestChannel();
  session.attach(channel, true);
  expect(channel.chunks.join()).toContain('RESOURCE_EXHAUSTED');
  expect(channel.chunks.join()).not.toContain('"a"');
  session.close();
});
