import { Code } from '../../errors.js';
import { unsignedToken } from '../../testing.js';
import { SESSION_LIMITS } from './session.js';
import { Sessions } from './sessions.js';
import { createService } from './testing.js';

const unknownSid = expect.objectContaining({
  code: Code.INVALID_ARGUMENT,
  message: 'Unknown SID',
}) as Error;

let sessions: Sessions;

beforeEach(() => {
  jest.useFakeTimers();
  sessions = new Sessions(createService(), SESSION_LIMITS, 3);
});

afterEach(() => {
  sessions.closeAll();
  jest.useRealTimers();
});

test('sessions have different ids that cannot be guessed', () => {
  const ids = [sessions.open('Listen', undefined).id, sessions.open('Listen', undefined).id];
  expect(new Set(ids).size).toBe(2);
  for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/);
});

test('a session is found by the name of its stream and its id', () => {
  const session = sessions.open('Write', undefined);
  expect(sessions.find('Write', session.id)).toBe(session);
  expect(() => sessions.find('Listen', session.id)).toThrow(unknownSid);
  expect(() => sessions.find('Write', '')).toThrow(unknownSid);
  expect(() => sessions.find('Write', '__proto__')).toThrow(unknownSid);
});

test('a session that was closed is unknown', () => {
  const session = sessions.open('Listen', undefined);
  session.close();
  expect(sessions.size).toBe(0);
  expect(() => sessions.find('Listen', session.id)).toThrow(unknownSid);
});

test('a session more than the limit is refused until another has ended', () => {
  const [first] = [0, 1, 2].map(() => sessions.open('Listen', undefined));
  expect(() => sessions.open('Write', undefined)).toThrow(
    expect.objectContaining({
      code: Code.UNAVAILABLE,
      message: 'The emulator serves at most 3 WebChannel sessions.',
    }) as Error,
  );
  expect(sessions.size).toBe(3);
  first?.close();
  expect(sessions.open('Write', undefined).id).not.toBe('');
});

test('the default limit is 2,000 sessions', () => {
  const many = new Sessions(createService());
  for (let index = 0; index < 2000; index += 1) many.open('Write', undefined);
  expect(() => many.open('Write', undefined)).toThrow('at most 2000');
  many.closeAll();
  expect(many.size).toBe(0);
});

test('sessions without a back channel expire and are no longer counted', () => {
  for (const name of ['Listen', 'Write', 'Listen'] as const) sessions.open(name, undefined);
  jest.advanceTimersByTime(SESSION_LIMITS.abandoned);
  expect(sessions.size).toBe(0);
});

test('a token that cannot be read is the end of the stream, which the client sees', () => {
  const session = sessions.open('Listen', 'Bearer nonsense');
  const texts: string[] = [];
  session.attach({ write: (text) => void texts.push(text), end: () => undefined }, true);
  expect(texts.join('')).toContain('INVALID_ARGUMENT');
  expect(texts.join('')).toContain('["close"]');
});

test.each([
  ['no token', undefined],
  ['the token of an administrator', 'Bearer owner'],
  ['the token of a user', `Bearer ${unsignedToken('alice')}`],
])('a session with %s stays open', (_name, authorization) => {
  const session = sessions.open('Listen', authorization);
  expect(JSON.parse(session.status())).toEqual([0, 0, 0]);
});

test('closeAll ends every session', () => {
  const ended: string[] = [];
  for (const name of ['Listen', 'Write'] as const) {
    const channel = { write: () => undefined, end: () => void ended.push(name) };
    sessions.open(name, undefined).attach(channel, true);
  }
  sessions.closeAll();
  expect(ended).toEqual(['Listen', 'Write']);
  expect(sessions.size).toBe(0);
});

test('messages that came too early are limited over all sessions', () => {
  const limits = { ...SESSION_LIMITS, totalPendingCharacters: 25 };
  const limited = new Sessions(createService(), limits);
  const [first, second] = [limited.open('Write', undefined), limited.open('Write', undefined)];
  const early = (number: number) => [{ number, text: 'x'.repeat(10) }];
  first.receive(early(5));
  second.receive(early(5));
  expect(() => first.receive(early(6))).toThrow(
    expect.objectContaining({ code: Code.RESOURCE_EXHAUSTED }) as Error,
  );
  second.close();
  first.receive(early(6));
  limited.closeAll();
});
