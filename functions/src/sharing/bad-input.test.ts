/** What strangers and mistakes send to `sharing`: nothing of another user is read or changed. */
import { randomUUID } from 'node:crypto';
import { openMemoryHarness, settle } from '../../test/lifecycle/memory-harness.js';
import { MAX_SHARES_PER_IMAGE } from '../domain/sharing.js';
import { MAX_CALLS_PER_MINUTE, openCallLimit } from './call-limit.js';
import { handleSharingCall } from './sharing.js';

const SHARE_ID = 'share-of-alice-01';
const SHARE = { action: 'createShare', imageId: 'cat', expiresIn: 86_400 };

/** Images of alice and bob; alice has shared hers. */
async function openCalls({ isLimited = false } = {}) {
  const memory = openMemoryHarness();
  const { harness, backend, time } = memory;
  await harness.upload('originals/alice/cat', 'cat');
  await harness.upload('originals/bob/dog', 'dog');
  await settle(memory);
  const limit = isLimited ? openCallLimit(() => time.now) : { count: () => {} };
  const context = { ...harness.processingContext(), limit };
  const call = (uid: string, data: object) => handleSharingCall(uid, data, context);
  await call('alice', { ...SHARE, shareId: SHARE_ID });
  const stateOf = (uid: string) => ({
    tokens: [...backend.tokens].filter(([, token]) => token.uid === uid),
    shares: [...backend.shareRecords].filter(([key]) => key.startsWith(`${uid}/`)),
    images: [...backend.images].filter(([path]) => path.startsWith(`users/${uid}/`)),
  });
  return { ...memory, call, stateOf };
}

const reasonOf = (result: Awaited<ReturnType<typeof handleSharingCall>>) =>
  'failure' in result ? result.failure.details.reason : 'none';

test.each([
  ['a share of another user', SHARE_ID, 'no-share'],
  ['a share that does not exist', randomUUID(), 'no-share'],
  ['a path to the share', `../../alice/imageShares/${SHARE_ID}`, 'invalid-input'],
  ['a path below the collection', `${SHARE_ID}/x/y`, 'invalid-input'],
  ['dots', '.'.repeat(16), 'invalid-input'],
  ['an id that Firestore reserves', `__${SHARE_ID}__`, 'invalid-input'],
  ['an encoded slash', `..%2F${SHARE_ID}`, 'invalid-input'],
  ['a null byte', `${SHARE_ID}\0`, 'invalid-input'],
  ['a line break at the end', `${SHARE_ID}\n`, 'invalid-input'],
  ['a name of Object.prototype', '__proto__', 'invalid-input'],
  ['an object', { $ne: null }, 'invalid-input'],
])('a share id that is %s', async (_, shareId, reason) => {
  const { call, stateOf } = await openCalls();
  const before = structuredClone(stateOf('alice'));
  for (const input of [
    { action: 'updateShare', shareId, label: 'mine' },
    { action: 'updateShare', shareId, expiresIn: null },
    { action: 'revokeShare', shareId },
  ]) {
    expect(reasonOf(await call('bob', input))).toBe(reason);
  }
  expect(stateOf('alice')).toEqual(before);
});

test('a share id of another user can be used, and is a share of the caller', async () => {
  const { call, stateOf } = await openCalls();
  const before = structuredClone(stateOf('alice'));
  const created = await call('bob', { ...SHARE, imageId: 'dog', shareId: SHARE_ID });
  expect(created).toHaveProperty('answer.token');
  await call('bob', { action: 'revokeShare', shareId: SHARE_ID });
  expect(stateOf('alice')).toEqual(before);
});

test.each([
  ['of another user', 'cat', 'no-image'],
  ['that is a path to it', '../../alice/images/cat', 'invalid-input'],
  ['with a slash', 'alice/cat', 'invalid-input'],
  ['that is "."', '.', 'invalid-input'],
  ['that is reserved', '__cat__', 'invalid-input'],
  ['that is empty', '', 'invalid-input'],
  ['of 1,500 characters', 'c'.repeat(1500), 'invalid-input'],
  ['that is a list', ['cat'], 'invalid-input'],
])('an image id %s', async (_, imageId, reason) => {
  const { call, stateOf, backend } = await openCalls();
  const before = structuredClone(stateOf('alice'));
  const token = backend.images.get('users/alice/images/cat')?.token;
  for (const input of [
    { ...SHARE, imageId, shareId: randomUUID() },
    { action: 'rotateToken', imageId, token },
    { action: 'revokeAll', imageId },
  ]) {
    expect(reasonOf(await call('bob', input))).toBe(reason);
  }
  expect(stateOf('alice')).toEqual(before);
});

test.each(['w9999', 'W20', '', 'w20 ', '__proto__', 'x'.repeat(100_000)])(
  'an unknown variant (%#) is refused, and not repeated in the answer',
  async (name) => {
    const { call, backend } = await openCalls();
    const before = backend.tokens.size;
    const result = await call('alice', {
      ...SHARE,
      shareId: randomUUID(),
      variants: ['w20', name],
    });
    expect(reasonOf(result)).toBe('unknown-variant');
    if (name.length > 10) expect(JSON.stringify(result)).not.toContain(name);
    const update = { action: 'updateShare', shareId: SHARE_ID, variants: [name] };
    expect(reasonOf(await call('alice', update))).toBe('unknown-variant');
    expect(backend.tokens.size).toBe(before);
  },
);

test.each([
  ['a'.repeat(81)],
  ['😀'.repeat(81)],
  ['a\u0000'],
  ['a\nb'],
  ['\u001b[2J'],
  ['\u0085'],
  ['\ud800'],
])('the label %j is refused', async (label) => {
  const { call } = await openCalls();
  const input = { ...SHARE, shareId: randomUUID(), label };
  expect(await call('alice', input)).toMatchObject({
    failure: { code: 'invalid-argument', details: { issues: [{ path: 'label' }] } },
  });
});

test('10,000 creates in a minute: 20 shares, and 29 calls that reach Firestore', async () => {
  const { call, backend, time } = await openCalls({ isLimited: true });
  const answers = new Map<string, number>();
  for (let number = 0; number < 10_000; number++) {
    const reason = reasonOf(await call('alice', { ...SHARE, shareId: randomUUID() }));
    answers.set(reason, (answers.get(reason) ?? 0) + 1);
    if (number % 200 === 0) time.now += 1_000;
  }
  expect(backend.calls['shares.create']).toBe(MAX_CALLS_PER_MINUTE);
  // One share and one call were made before.
  const created = MAX_SHARES_PER_IMAGE - 1;
  expect(Object.fromEntries(answers)).toEqual({
    none: created,
    'too-many-shares': MAX_CALLS_PER_MINUTE - 1 - created,
    'too-many-requests': 10_000 - (MAX_CALLS_PER_MINUTE - 1),
  });
  expect([...backend.tokens.values()].filter(({ kind }) => kind === 'share')).toHaveLength(
    MAX_SHARES_PER_IMAGE,
  );
  time.now += 60_000;
  expect(reasonOf(await call('alice', { action: 'revokeShare', shareId: SHARE_ID }))).toBe('none');
});

describe.each([-3_600_000, 3_600_000])('a client whose clock differs by %i ms', (skew) => {
  beforeEach(() =>
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] }),
  );
  afterEach(() => jest.useRealTimers());

  test('gets times by the clock of the server, and can send none of its own', async () => {
    const { call, time } = await openCalls();
    jest.setSystemTime(time.now + skew);
    const shareId = randomUUID();
    const created = await call('alice', { ...SHARE, expiresIn: 60, shareId });
    const expiresAt = new Date(time.now + 60_000).toISOString();
    expect(created).toMatchObject({ answer: { expiresAt } });
    const own = { ...SHARE, shareId: randomUUID(), expiresAt: new Date().toISOString() };
    expect(reasonOf(await call('alice', own))).toBe('invalid-input');
    time.now += 30_000;
    const revoked = await call('alice', { action: 'revokeShare', shareId });
    const revokedAt = new Date(time.now).toISOString();
    expect(revoked).toEqual({ answer: { shareId, revokedAt, deadBy: expiresAt } });
  });
});
