import { randomUUID } from 'node:crypto';
import { openMemoryHarness, settle } from '../../test/lifecycle/memory-harness.js';
import { intercept } from '../../test/lifecycle/test-harness.js';
import { MAX_SHARES_PER_IMAGE } from '../domain/sharing.js';
import { hashToken } from '../domain/token.js';
import { MAX_CALLS_PER_MINUTE, openCallLimit } from './call-limit.js';
import { handleSharingCall } from './sharing.js';

async function openCalls(parameters: Record<string, string> = {}) {
  const memory = openMemoryHarness(parameters);
  await memory.harness.upload('originals/alice/cat', 'cat');
  await settle(memory);
  const context = {
    ...memory.harness.processingContext(),
    limit: openCallLimit(() => memory.time.now),
  };
  const call = (data: object, uid: string | undefined = 'alice') =>
    handleSharingCall(uid, data, context);
  return {
    ...memory,
    call,
    signedOut: (data: object) => handleSharingCall(undefined, data, context),
  };
}

const SHARE = { action: 'createShare', imageId: 'cat', expiresIn: 86_400 };

test('what is revoked is published, without a token', async () => {
  const { call, backend, harness, ...memory } = await openCalls({ EVENTS: 'onRevoked' });
  const shareId = randomUUID();
  await call({ ...SHARE, shareId });
  const token = backend.images.get('users/alice/images/cat')?.token ?? '';
  await call({ action: 'rotateToken', imageId: 'cat', token });
  await call({ action: 'revokeShare', shareId });
  await call({ action: 'revokeAll', imageId: 'cat' });
  memory.time.now += 1;
  await call({ action: 'revokeAll', all: true });
  await settle({ harness, ...memory });
  const data = { uid: 'alice', imageId: 'cat' };
  expect(backend.published.map((event) => event.data)).toEqual([
    { ...data, tokens: 'default' },
    { ...data, tokens: 'share', shareId },
    { ...data, tokens: 'all' },
    { ...data, tokens: 'all' },
  ]);
});

test('an owner creates, changes and revokes a share; times are ISO 8601', async () => {
  const { call, time, backend } = await openCalls();
  const shareId = randomUUID();
  const created = await call({ ...SHARE, shareId });
  const expiresAt = new Date(time.now + 86_400_000).toISOString();
  expect(created).toEqual({
    answer: { shareId, token: expect.stringMatching(/^spv_/) as string, expiresAt },
  });
  const changed = await call({ action: 'updateShare', shareId, expiresIn: null });
  expect(changed).toEqual({ answer: { shareId, expiresAt: null } });
  const revokedAt = new Date(time.now).toISOString();
  const deadBy = new Date(time.now + 60_000).toISOString();
  const revoked = await call({ action: 'revokeShare', shareId });
  expect(revoked).toEqual({ answer: { shareId, revokedAt, deadBy } });
  expect([...backend.tokens.values()].map(({ kind }) => kind)).toEqual(['default']);
});

test('rotateToken answers with the new token, revokeAll with the number of shares', async () => {
  const { call, backend, time } = await openCalls();
  const token = backend.images.get('users/alice/images/cat')?.token ?? '';
  const rotated = await call({ action: 'rotateToken', imageId: 'cat', token });
  expect(rotated).toEqual({
    answer: {
      token: expect.not.stringMatching(token) as string,
      deadBy: expect.any(String) as string,
    },
  });
  expect(backend.tokens.has(hashToken(token))).toBe(false);
  await call({ ...SHARE, shareId: randomUUID() });
  time.now += 1;
  await expect(call({ action: 'revokeAll', imageId: 'cat' })).resolves.toMatchObject({
    answer: { shares: 1 },
  });
});

test('revokeAll of all images is a task, which revokes nothing that was created after the call', async () => {
  const memory = await openCalls();
  const { call, backend, time, harness } = memory;
  const first = backend.images.get('users/alice/images/cat')?.token;
  await call({ ...SHARE, shareId: randomUUID() });
  time.now += 1;
  await expect(call({ action: 'revokeAll', all: true })).resolves.toEqual({
    answer: { queued: true },
  });
  const later = randomUUID();
  await call({ ...SHARE, shareId: later });
  const [task] = harness.tasks;
  await settle(memory);
  const second = backend.images.get('users/alice/images/cat')?.token;
  expect(second).not.toBe(first);
  const states = [...backend.shareRecords].map(([key, { state }]) => [key.slice(6), state]);
  expect(states).toContainEqual([later, 'active']);
  expect(states.filter(([, state]) => state === 'revoked')).toHaveLength(1);
  // Delivered twice.
  if (task) harness.tasks.push(task);
  await settle(memory);
  expect(backend.images.get('users/alice/images/cat')?.token).toBe(second);
});

test('revokeAll of all images goes through every page of a user with many', async () => {
  const memory = await openCalls();
  const { call, backend, harness, time } = memory;
  for (let count = 1; count <= 100; count++) await harness.upload(`originals/alice/${count}`, 'a');
  await settle(memory);
  const before = new Set(backend.tokens.keys());
  expect(before.size).toBe(101);
  time.now += 1;
  await call({ action: 'revokeAll', all: true });
  await settle(memory);
  expect(backend.tokens.size).toBe(101);
  expect([...backend.tokens.keys()].filter((hash) => before.has(hash))).toEqual([]);
});

test('the times of a replaced token are kept by uploads over the image', async () => {
  const memory = await openCalls();
  const { call, backend, harness } = memory;
  const image = () => backend.images.get('users/alice/images/cat');
  await call({ action: 'rotateToken', imageId: 'cat', token: image()?.token });
  const { token, previousToken } = image() ?? {};
  expect(previousToken).toEqual({ revokedAt: memory.time.now, revocationSeconds: 60 });
  for (const [text, state] of [
    ['cat again', 'ready'],
    ['bad', 'failed'],
  ] as const) {
    memory.time.now += 1_000;
    await harness.upload('originals/alice/cat', text);
    await settle(memory);
    expect(image()).toMatchObject({ state, token, previousToken });
  }
});

test('each failure has its code, its reason and no names', async () => {
  const { call, signedOut } = await openCalls({ SHARE_MAX_DAYS: '1' });
  const share = () => ({ ...SHARE, shareId: randomUUID() });
  await expect(signedOut(share())).resolves.toMatchObject({
    failure: { code: 'unauthenticated', details: { reason: 'not-signed-in' } },
  });
  await expect(call({ ...share(), label: 'a\u0000' })).resolves.toMatchObject({
    failure: { code: 'invalid-argument', details: { issues: [{ path: 'label' }] } },
  });
  await expect(call({ ...share(), expiresIn: null })).resolves.toMatchObject({
    failure: { code: 'invalid-argument', details: { reason: 'expiry-too-long', limit: 86_400 } },
  });
  const foreign = await call(share(), 'bob');
  expect(foreign).toEqual({
    failure: {
      code: 'not-found',
      message: 'There is no such photo.',
      details: { reason: 'no-image' },
    },
  });
  for (let count = 0; count < MAX_SHARES_PER_IMAGE; count++) await call(share());
  await expect(call(share())).resolves.toMatchObject({
    failure: { code: 'resource-exhausted', details: { reason: 'too-many-shares', limit: 20 } },
  });
});

test('shares that collide, images without renditions and floods of calls have codes of their own', async () => {
  const memory = await openCalls();
  const { call, harness } = memory;
  await harness.upload('originals/alice/dog', 'dog');
  await harness.upload('originals/alice/bad', 'bad');
  await settle(memory);
  const shareId = randomUUID();
  await call({ ...SHARE, shareId });
  const expectFailure = async (data: object, code: string, details: object) =>
    expect(await call(data)).toMatchObject({ failure: { code, details } });
  await expectFailure({ ...SHARE, imageId: 'dog', shareId }, 'already-exists', {
    reason: 'other-image',
  });
  const bad = { ...SHARE, imageId: 'bad', shareId: randomUUID() };
  await expectFailure(bad, 'failed-precondition', { reason: 'image-failed' });
  const unknown = { action: 'revokeShare', shareId: randomUUID() };
  await expectFailure(unknown, 'not-found', { reason: 'no-share' });
  const variant = { ...SHARE, shareId: randomUUID(), variants: ['w9999'] };
  await expectFailure(variant, 'invalid-argument', { reason: 'unknown-variant' });
  for (let calls = 5; calls < MAX_CALLS_PER_MINUTE; calls++) await call(unknown);
  await expectFailure(unknown, 'resource-exhausted', {
    reason: 'too-many-requests',
    limit: 30,
    retryAfter: 60,
  });
});

test('an image that is still processing can be shared; the share shows what the attempt makes', async () => {
  const memory = await openCalls();
  const { call, harness, backend } = memory;
  await harness.upload('originals/alice/dog', 'dog');
  let token = '';
  const shareBeforeEnd = intercept(backend, async (point) => {
    if (point !== 'records.finish before') return;
    expect(backend.images.get('users/alice/images/dog')?.state).toBe('processing');
    const created = await call({ ...SHARE, imageId: 'dog', shareId: randomUUID() });
    ({ token = '' } = (created as { answer: { token?: string } }).answer);
    expect(backend.tokens.get(hashToken(token))).not.toHaveProperty('image');
  });
  await settle(memory, (job) => harness.handle(job, shareBeforeEnd));
  const renditions = backend.tokens.get(hashToken(token))?.image?.renditions;
  expect(Object.keys(renditions ?? {})).toEqual(['w40', 'w20']);
});

test('a failure of Firestore is logged without names and answered with unavailable', async () => {
  const { harness } = await openCalls();
  const { backend } = harness;
  const broken = () => Promise.reject(Object.assign(new Error('users/alice'), { code: 14 }));
  const context = {
    ...harness.processingContext({ ...backend, shares: { ...backend.shares, create: broken } }),
    limit: openCallLimit(() => 0),
  };
  const result = await handleSharingCall('alice', { ...SHARE, shareId: randomUUID() }, context);
  expect(result).toMatchObject({
    failure: { code: 'unavailable', details: { reason: 'unavailable' } },
  });
  expect(JSON.stringify(harness.logged)).toContain('sharing failed');
  expect(JSON.stringify(harness.logged)).not.toContain('alice');
});

test('shares expire at their second, and an expired one no longer counts', async () => {
  const { call, backend, time } = await openCalls();
  for (let count = 0; count < MAX_SHARES_PER_IMAGE; count++) {
    await call({ ...SHARE, expiresIn: 60, shareId: randomUUID() });
  }
  time.now += 60_000;
  const created = await call({ ...SHARE, shareId: randomUUID() });
  expect(created).toHaveProperty('answer');
  // The token records of the expired ones are deleted.
  expect(backend.tokens.size).toBe(2);
});

describe('setFocus', () => {
  const FOCAL = { VARIANTS: 'face:40x40:cover:focal,w20:20', FORMATS: 'jpeg' };
  const focus = { x: 0.25, y: 1 };
  const SET = { action: 'setFocus', imageId: 'cat', focus };

  test('crops a processed image again around the point, under the same URLs', async () => {
    const memory = await openCalls(FOCAL);
    const { call, backend } = memory;
    const image = () => backend.images.get('users/alice/images/cat');
    const before = image();
    await expect(call(SET)).resolves.toEqual({ answer: { queued: true } });
    await settle(memory);
    expect(image()).toMatchObject({ state: 'ready', token: before?.token, original: { focus } });
    const { object = '' } = image()?.variants?.['face']?.formats.jpeg ?? {};
    expect(backend.renditions.get(object)?.toString()).toBe('cat at 0.25 as face in jpeg');
    await call({ ...SET, focus: null });
    await settle(memory);
    expect(image()?.original).not.toHaveProperty('focus');
  });

  test('processes nothing again if no variant uses it, or if it is what it was', async () => {
    const unused = await openCalls();
    const used = await openCalls(FOCAL);
    await used.call(SET);
    for (const memory of [unused, used]) {
      await settle(memory);
      const writes = memory.backend.calls['writeRendition'];
      await memory.call(SET);
      await settle(memory);
      expect(memory.backend.calls['writeRendition']).toBe(writes);
    }
  });

  test('an upload over the image in between is not changed', async () => {
    const memory = await openCalls(FOCAL);
    await memory.call(SET);
    await memory.harness.upload('originals/alice/cat', 'dog');
    await settle(memory);
    const { original, variants } = memory.backend.images.get('users/alice/images/cat') ?? {};
    expect(original).not.toHaveProperty('focus');
    const { object = '' } = variants?.['face']?.formats.jpeg ?? {};
    expect(memory.backend.renditions.get(object)?.toString()).toBe('dog as face in jpeg');
  });

  test.each([
    [{ ...SET, focus: { x: 1.1, y: 0 } }, 'invalid-input'],
    [{ ...SET, focus: { x: 0 } }, 'invalid-input'],
    [{ ...SET, focus: { x: 0, y: 0, z: 0 } }, 'invalid-input'],
    [{ ...SET, focus: { x: NaN, y: 0 } }, 'invalid-input'],
    [{ action: 'setFocus', imageId: 'cat' }, 'invalid-input'],
    [{ ...SET, imageId: 'dog' }, 'no-image'],
    [{ ...SET, imageId: '../bob/cat' }, 'invalid-input'],
  ])('%j: %s', async (data, reason) => {
    const { call, backend } = await openCalls(FOCAL);
    await expect(call(data)).resolves.toMatchObject({ failure: { details: { reason } } });
    expect(backend.calls['setFocus']).toBeUndefined();
  });

  test('of another user is not found', async () => {
    const { call } = await openCalls(FOCAL);
    await expect(call(SET, 'bob')).resolves.toMatchObject({
      failure: { details: { reason: 'no-image' } },
    });
  });
});
