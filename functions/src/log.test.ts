import { ImageFailure, UnexpectedError } from './errors.js';
import { logDetails } from './log.js';

it('logs of a token only the first characters of its hash', () => {
  expect(logDetails({ tokenHash: 'abcdefghijklmnop' })).toEqual({ token: 'abcdefgh' });
});

it('logs of an error its name and code, never its message', () => {
  const error = Object.assign(new Error('users/ann/images/cat'), { code: 5 });
  expect(logDetails({ error })).toEqual({ reason: 'Error 5' });
  expect(logDetails({ error: new ImageFailure('too-slow', 'expected 30 s') })).toEqual({
    reason: new ImageFailure('too-slow', 'expected 30 s').message,
  });
});

it('leaves out what is absent and keeps further fields', () => {
  expect(logDetails({ image: 'hash', generation: '7' }, { count: 2 })).toEqual({
    image: 'hash',
    generation: '7',
    count: 2,
  });
});

describe('an unexpected error of processing', () => {
  const stackOf = (message: string) =>
    `TypeError: ${message}\nusers/ann/cat\n    at decode (/workspace/lib/decode.js:7:9)\n    at async run`;

  it('is logged with a code to count, and the functions and files of its stack', () => {
    const error = new UnexpectedError('TypeError: x is no function', stackOf('x is no function'));
    expect(logDetails({ error }, { count: 1 })).toEqual({
      count: 1,
      reason: 'TypeError: x is no function',
      code: 'unexpected-error',
      stack: '    at decode (/workspace/lib/decode.js:7:9)\n    at async run',
    });
  });

  it('is logged without URLs, e-mail addresses, tokens and control characters of the file', () => {
    const message = `found https://a.example/b, ann@a.example and spv_abc \x1b[2J\u009b2J\n${'x'.repeat(9000)}`;
    const { reason, stack } = logDetails({ error: new UnexpectedError(message, stackOf(message)) });
    expect(reason).toMatch(/^found \[removed\] \[removed\] and \[removed\] {2}\[2J 2J x+$/);
    expect(String(reason).length).toBeLessThan(400);
    expect(String(stack)).not.toMatch(/found|example|spv_|x{9}/);
    const failure = new ImageFailure('damaged-image', message);
    expect(logDetails({ error: failure })['reason']).not.toMatch(/example|spv_|\p{Cc}/u);
  });

  it('is logged without the message of an error that did not come from the decoder', () => {
    const cause = Object.assign(new TypeError('no originals/ann/cat'), { code: 'EPIPE' });
    const details = logDetails({ error: UnexpectedError.from(cause) });
    expect(details).toMatchObject({ reason: 'TypeError EPIPE', code: 'unexpected-error' });
    expect(details['stack']).toContain('log.test');
    expect(JSON.stringify(details)).not.toContain('originals');
    const noError = logDetails({ error: UnexpectedError.from(undefined) });
    expect(noError).toMatchObject({ reason: 'Error without a code', code: 'unexpected-error' });
  });
});
