import { MAX_CALLS_PER_MINUTE, openCallLimit } from './call-limit.js';

test('a user may make a number of calls per minute, each user for themselves', () => {
  let now = 1_000;
  const limit = openCallLimit(() => now);
  for (let call = 0; call < MAX_CALLS_PER_MINUTE; call++) limit.count('alice');
  now += 20_500;
  const refused = {
    reason: 'too-many-requests',
    details: { limit: MAX_CALLS_PER_MINUTE, retryAfter: 40 },
  };
  expect(() => limit.count('alice')).toThrow(expect.objectContaining(refused) as Error);
  expect(() => limit.count('bob')).not.toThrow();
  now += 39_500;
  expect(() => limit.count('alice')).not.toThrow();
});
