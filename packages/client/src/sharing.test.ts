import { firebaseError, openMemoryBackend, timestamp } from '../test/memory-backend.js';
import { createImagesWith } from './images.js';

function open(...answers: (object | Error)[]) {
  const backend = openMemoryBackend();
  backend.answers = answers;
  return { backend, images: createImagesWith(backend, { baseUrl: '/i' }) };
}

const TIME = '2026-11-27T12:00:00.000Z';

test('creates a share under an id of its own', async () => {
  const { backend, images } = open({ token: 'spv_s', expiresAt: TIME }, { expiresAt: null });
  const request = { imageId: 'cat', expiresIn: 86_400, label: 'Anna' };
  const created = await images.shares.create(request);
  expect(created).toEqual({
    id: expect.stringMatching(/^[a-z0-9]{20}$/) as string,
    token: 'spv_s',
    expiresAt: new Date(TIME),
  });
  expect(backend.calls).toEqual([{ action: 'createShare', shareId: created.id, ...request }]);
  expect(images.url({ token: 'spv_s' }, 'w800')).toBe('/i/spv_s/w800');
  const endless = await images.shares.create({ imageId: 'cat', expiresIn: null });
  expect(endless).toEqual({ id: expect.any(String) as string });
});

test('updates and revokes; a share that was deleted is revoked', async () => {
  const times = { revokedAt: TIME, deadBy: TIME };
  const { backend, images } = open(
    { expiresAt: null, deadBy: TIME },
    times,
    firebaseError('functions/not-found', { reason: 'no-share' }),
    firebaseError('functions/not-found', { reason: 'no-image' }),
  );
  const date = new Date(TIME);
  expect(await images.shares.update('s', { variants: null })).toEqual({ deadBy: date });
  expect(await images.shares.revoke('s')).toEqual({ revokedAt: date, deadBy: date });
  expect(await images.shares.revoke('s')).toEqual({});
  await expect(images.shares.revoke('s')).rejects.toHaveProperty('code', 'no-image');
  expect(backend.calls.slice(0, 2)).toEqual([
    { action: 'updateShare', shareId: 's', variants: null },
    { action: 'revokeShare', shareId: 's' },
  ]);
});

test('rotates the token that the app has seen, and revokes all', async () => {
  const { backend, images } = open(
    { token: 'spv_y', deadBy: TIME },
    { shares: 2, deadBy: TIME },
    { queued: true },
    { queued: true },
  );
  const date = new Date(TIME);
  const rotated = await images.rotateToken({ id: 'cat', token: 'spv_x' });
  expect(rotated).toEqual({ token: 'spv_y', deadBy: date });
  expect(await images.revokeAll('cat')).toEqual({ shares: 2, deadBy: date });
  expect(await images.revokeAll({ all: true })).toEqual({});
  await images.setFocus('cat', { x: 0.5, y: 1 });
  expect(backend.calls).toEqual([
    { action: 'rotateToken', imageId: 'cat', token: 'spv_x' },
    { action: 'revokeAll', imageId: 'cat' },
    { action: 'revokeAll', all: true },
    { action: 'setFocus', imageId: 'cat', focus: { x: 0.5, y: 1 } },
  ]);
});

test('repeats a call whose answer is lost, with the same id, three times in all', async () => {
  jest.useFakeTimers();
  try {
    const lost = firebaseError('functions/internal');
    const { backend, images } = open(lost, lost, { token: 'spv_s' }, lost, lost, lost);
    const create = () => images.shares.create({ imageId: 'cat', expiresIn: null });
    const created = create();
    await jest.runAllTimersAsync();
    expect(await created).toHaveProperty('token', 'spv_s');
    expect(new Set(backend.calls.map((call) => JSON.stringify(call))).size).toBe(1);
    const failed = expect(create()).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    await jest.runAllTimersAsync();
    await failed;
    expect(backend.calls).toHaveLength(6);
  } finally {
    jest.useRealTimers();
  }
});

test('lists shares with the time at which they are dead, newest first', () => {
  const { backend, images } = open();
  const next = jest.fn();
  images.shares.watch(next, { imageId: 'cat' });
  images.shares.watch(next);
  const path = 'users/alice/imageShares';
  expect(backend.watched()).toEqual([
    [path, { limit: 100, where: ['imageId', 'cat'] }],
    [path, { limit: 100 }],
  ]);
  const share = (id: string, createdAt: number, fields: object) => ({
    id,
    data: {
      imageId: 'cat',
      state: 'active',
      createdAt: timestamp(createdAt),
      updatedAt: timestamp(createdAt),
      ...fields,
    },
  });
  const revoked = { state: 'revoked', revokedAt: timestamp(5_000), revocationSeconds: 60 };
  backend.sendAll(path, [
    share('endless', 1, {}),
    share('expires', 2, { expiresAt: timestamp(90_000), token: 'spv_s' }),
    share('revoked', 3, revoked),
    share('revoked, but expires before', 4, { ...revoked, expiresAt: timestamp(7_000) }),
  ]);
  const [[shares]] = next.mock.calls as [[{ id: string; deadBy?: Date }[]]];
  expect(shares.map(({ id, deadBy }) => [id, deadBy?.getTime()])).toEqual([
    ['revoked, but expires before', 7_000],
    ['revoked', 65_000],
    ['expires', 90_000],
    ['endless', undefined],
  ]);
});
