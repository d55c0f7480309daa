import { ImageFailure } from './errors.js';
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
