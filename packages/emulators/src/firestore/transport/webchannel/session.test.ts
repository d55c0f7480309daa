import { Code, StatusError } from '../../errors.js';
import type { OpenStream } from '../../listen/sink.js';
import { type BackChannel, Session, SESSION_LIMITS, type SessionLimits } from './session.js';

/** A client's GET: the arrays that it has received. `take` is the connection that takes them. */
class FakeChannel implements BackChannel {
  readonly arrays: [number, unknown[]][] = [];
  chunks = 0;
  ended = 0;
  readonly #waiting: (() => void)[] = [];

  write(text: string, onTaken: () => void): void {
    this.#waiting.push(onTaken);
    const [, length = '', json = ''] = /^(\d+)\n([^]*)$/.exec(text) ?? [];
    expect(json).toHaveLength(Number(length));
    this.chunks += 1;
    this.arrays.push(...(JSON.parse(json) as [number, unknown[]][]));
  }

  end(): void {
    this.ended += 1;
  }

  take(): void {
    for (const onTaken of this.#waiting.splice(0)) onTaken();
  }

  get numbers(): number[] {
    return this.arrays.map(([number]) => number);
  }

  get messages(): unknown[] {
    return this.arrays.flatMap(([, content]) => content);
  }
}

/** A session of numbers, whose stream keeps what it receives. */
function openSession(limits: Partial<SessionLimits> = {}) {
  const received: number[] = [];
  const calls: string[] = [];
  const stream: OpenStream<number> = {
    receive: (request) => void received.push(request),
    finish: () => void calls.push('finish'),
    close: () => void calls.push('close'),
  };
  const session = new Session<number, number>(
    'sid',
    {
      parse: (text) => {
        const value = Number(text);
        if (Number.isNaN(value)) throw new StatusError(Code.INVALID_ARGUMENT, 'not a number');
        return value;
      },
      format: (response) => JSON.stringify({ n: response }),
    },
    () => stream,
    () => void calls.push('closed'),
    { ...SESSION_LIMITS, ...limits },
  );
  const attach = (isStreaming = true): FakeChannel => {
    const channel = new FakeChannel();
    session.attach(channel, isStreaming);
    return channel;
  };
  const receive = (...maps: [number, string | number][]): void =>
    session.receive(maps.map(([number, text]) => ({ number, text: String(text) })));
  return { session, received, calls, attach, receive };
}

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.clearAllTimers();
  jest.useRealTimers();
});

describe('messages of the client', () => {
  test('reach the stream in the order of their numbers', () => {
    const { receive, received } = openSession();
    receive([0, 10], [1, 11]);
    receive([3, 13]);
    expect(received).toEqual([10, 11]);
    receive([2, 12], [4, 14]);
    expect(received).toEqual([10, 11, 12, 13, 14]);
  });

  test('that come twice are handled once', () => {
    const { receive, received } = openSession();
    receive([0, 10], [1, 11]);
    receive([0, 10], [1, 11], [2, 12]);
    receive([4, 14]);
    receive([4, 99]);
    receive([3, 13]);
    expect(received).toEqual([10, 11, 12, 13, 14]);
  });

  test('are refused when too many wait for an earlier one', () => {
    const { receive, received } = openSession({ pendingMaps: 2 });
    receive([1, 11], [2, 12]);
    expect(() => receive([3, 13])).toThrow(
      expect.objectContaining({ code: Code.RESOURCE_EXHAUSTED }) as Error,
    );
    receive([0, 10]);
    expect(received).toEqual([10, 11, 12]);
  });

  test('are not limited in number while none is missing', () => {
    const { receive, received } = openSession({ pendingMaps: 2 });
    receive([0, 10], [1, 11], [2, 12], [3, 13]);
    expect(received).toEqual([10, 11, 12, 13]);
  });

  test('that wait are limited in size', () => {
    const { receive, received } = openSession({ pendingCharacters: 4 });
    receive([1, 11], [2, 12]);
    expect(() => receive([3, 13])).toThrow(
      expect.objectContaining({ code: Code.RESOURCE_EXHAUSTED }) as Error,
    );
    receive([0, 100_000]);
    receive([4, 14], [5, 15], [3, 13]);
    expect(received).toEqual([100_000, 11, 12, 13, 14, 15]);
  });

  test('that cannot be parsed end the stream with the error', () => {
    const { receive, received, attach } = openSession();
    receive([0, 10], [1, 'x'], [2, 12]);
    expect(received).toEqual([10]);
    expect(attach().messages).toEqual([
      { error: { code: 400, message: 'not a number', status: 'INVALID_ARGUMENT' } },
      'close',
    ]);
  });

  test('are ignored after the session was closed', () => {
    const { session, receive, received } = openSession();
    session.close();
    receive([0, 10]);
    expect(received).toEqual([]);
  });
});

describe('messages of the server', () => {
  test('are numbered from 1 and wait for a back channel', () => {
    const { session, attach } = openSession();
    session.send(1);
    session.send(2);
    const channel = attach();
    expect(channel.arrays).toEqual([
      [1, [{ n: 1 }]],
      [2, [{ n: 2 }]],
    ]);
    expect(channel.chunks).toBe(1);
    session.send(3);
    expect(channel.numbers).toEqual([1, 2, 3]);
    expect(channel.ended).toBe(0);
  });

  test('end a back channel of long polling with its first chunk', () => {
    const { session, attach } = openSession();
    const first = attach(false);
    expect(first.ended).toBe(0);
    session.send(1);
    session.send(2);
    expect(first.numbers).toEqual([1]);
    expect(first.ended).toBe(1);
    session.acknowledge(1);
    expect(attach(false).numbers).toEqual([2]);
  });

  test('are sent again to the next back channel unless acknowledged', () => {
    const { session, attach } = openSession();
    const first = attach();
    for (const n of [1, 2, 3]) session.send(n);
    session.detach(first);
    session.acknowledge(1);
    session.send(4);
    expect(attach().numbers).toEqual([2, 3, 4]);
    expect(first.numbers).toEqual([1, 2, 3]);
  });

  test('are sent through one back channel at a time: the next one replaces it', () => {
    const { session, attach } = openSession();
    const first = attach();
    const second = attach();
    expect(first.ended).toBe(1);
    // The end of the replaced response must not detach the new one.
    session.detach(first);
    session.send(1);
    expect(first.arrays).toEqual([]);
    expect(second.numbers).toEqual([1]);
  });

  test('end a back channel that has sent enough; none is lost', () => {
    const { session, attach } = openSession({ bytesPerBackChannel: 60 });
    const first = attach();
    for (let n = 1; n <= 10; n += 1) session.send(n);
    expect(first.ended).toBe(1);
    expect(first.numbers).toEqual([1, 2, 3, 4]);
    session.acknowledge(4);
    expect(attach().numbers).toEqual([5, 6, 7, 8, 9, 10]);
  });

  test('are dropped after the end', () => {
    const { session, attach } = openSession();
    session.end();
    session.send(1);
    session.end(new StatusError(Code.ABORTED, 'again'));
    const channel = attach();
    expect(channel.arrays).toEqual([[1, ['close']]]);
    expect(channel.ended).toBe(1);
  });
});

describe('buffered', () => {
  test('counts what no connection has taken, and again what a lost one may have lost', () => {
    const { session, attach } = openSession();
    session.send(1);
    const size = session.buffered;
    expect(size).toBeGreaterThan(0);
    const lost = attach();
    expect(session.buffered).toBe(size);
    lost.take();
    expect(session.buffered).toBe(0);
    session.send(2);
    session.detach(lost);
    const next = attach();
    expect(session.buffered).toBe(2 * size);
    lost.take();
    expect(session.buffered).toBe(2 * size);
    next.take();
    expect(session.buffered).toBe(0);
  });

  test('RESOURCE_EXHAUSTED is sent instead of what waits', () => {
    const { session, attach } = openSession();
    const first = attach();
    session.send(1);
    session.detach(first);
    session.send(2);
    session.end(new StatusError(Code.RESOURCE_EXHAUSTED, 'too slow'));
    const second = attach();
    // The client may have received 1: the number is not used for another array.
    expect(second.numbers).toEqual([1, 2, 3]);
    expect(second.messages).toEqual([
      { n: 1 },
      { error: { code: 429, message: 'too slow', status: 'RESOURCE_EXHAUSTED' } },
      'close',
    ]);
  });
});

describe('acknowledgements', () => {
  test('free what was sent up to that number', () => {
    const { session } = openSession();
    session.send(1);
    const one = session.buffered;
    expect(one).toBeGreaterThan(0);
    session.send(2);
    expect(session.buffered).toBe(2 * one);
    session.acknowledge(1);
    expect(session.buffered).toBe(one);
    session.acknowledge(1);
    session.acknowledge(0);
    expect(session.buffered).toBe(one);
    session.acknowledge(2);
    expect(session.buffered).toBe(0);
  });

  test('of numbers that were never sent do not skip later messages', () => {
    const { session, attach } = openSession();
    session.send(1);
    session.acknowledge(1_000_000);
    session.send(2);
    expect(attach().numbers).toEqual([2]);
  });

  test('of the last array of an ended stream close the session', () => {
    const { session, attach, calls } = openSession();
    attach();
    session.send(1);
    session.end(new StatusError(Code.PERMISSION_DENIED, 'no'));
    session.acknowledge(2);
    expect(calls).toEqual([]);
    session.acknowledge(3);
    expect(calls).toEqual(['close', 'closed']);
  });
});

describe('the status', () => {
  test('names the back channel, the last array and the bytes that are not acknowledged', () => {
    const { session, attach } = openSession();
    expect(JSON.parse(session.status())).toEqual([0, 0, 0]);
    const channel = attach();
    session.send(1);
    expect(JSON.parse(session.status())).toEqual([1, 1, session.buffered]);
    session.detach(channel);
    session.acknowledge(1);
    expect(JSON.parse(session.status())).toEqual([0, 1, 0]);
  });
});

describe('times', () => {
  test('an idle back channel gets a noop after the keep-alive time, again and again', () => {
    const { attach } = openSession();
    const channel = attach();
    jest.advanceTimersByTime(SESSION_LIMITS.keepAlive - 1);
    expect(channel.arrays).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(channel.messages).toEqual(['noop']);
    jest.advanceTimersByTime(2 * SESSION_LIMITS.keepAlive);
    expect(channel.messages).toEqual(['noop', 'noop', 'noop']);
  });

  test('a message delays the next noop', () => {
    const { session, attach } = openSession();
    const channel = attach();
    jest.advanceTimersByTime(SESSION_LIMITS.keepAlive - 1);
    session.send(1);
    jest.advanceTimersByTime(SESSION_LIMITS.keepAlive - 1);
    expect(channel.messages).toEqual([{ n: 1 }]);
  });

  test('a noop ends a back channel of long polling', () => {
    const { attach } = openSession();
    const channel = attach(false);
    jest.advanceTimersByTime(SESSION_LIMITS.keepAlive);
    expect(channel.messages).toEqual(['noop']);
    expect(channel.ended).toBe(1);
  });

  test('a session that never gets a back channel expires', () => {
    const { calls } = openSession();
    jest.advanceTimersByTime(SESSION_LIMITS.abandoned - 1);
    expect(calls).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(calls).toEqual(['close', 'closed']);
  });

  test('messages of the client alone do not keep a session', () => {
    const { receive, calls } = openSession();
    jest.advanceTimersByTime(SESSION_LIMITS.abandoned - 1);
    receive([0, 1]);
    jest.advanceTimersByTime(1);
    expect(calls).toEqual(['close', 'closed']);
  });

  test('a session expires when its back channel has ended and no other came', () => {
    const { session, attach, calls } = openSession();
    session.detach(attach());
    jest.advanceTimersByTime(SESSION_LIMITS.abandoned - 1);
    session.detach(attach());
    jest.advanceTimersByTime(SESSION_LIMITS.abandoned - 1);
    expect(calls).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(calls).toEqual(['close', 'closed']);
  });

  test('a session with a back channel does not expire', () => {
    const { attach, calls } = openSession();
    attach();
    jest.advanceTimersByTime(10 * SESSION_LIMITS.abandoned);
    expect(calls).toEqual([]);
  });

  test('an ended session expires when the client does not acknowledge', () => {
    const { session, attach, calls } = openSession();
    attach();
    session.end();
    jest.advanceTimersByTime(SESSION_LIMITS.abandoned);
    expect(calls).toEqual(['close', 'closed']);
  });
});

describe('close', () => {
  test('ends the back channel, frees what waits and closes the stream once', () => {
    const { session, attach, calls } = openSession();
    const channel = attach();
    session.send(1);
    session.close();
    session.close();
    expect(channel.ended).toBe(1);
    expect(session.buffered).toBe(0);
    expect(calls).toEqual(['close', 'closed']);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('a stream that sends afterwards is ignored', () => {
    const { session } = openSession();
    session.close();
    session.send(1);
    session.end(new StatusError(Code.INTERNAL, 'late'));
    expect(session.buffered).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });
});
