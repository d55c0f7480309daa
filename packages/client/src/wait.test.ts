import { getDoc, type Firestore } from 'firebase/firestore/lite';
import { waitForImage } from './wait.js';

jest.mock('firebase/firestore/lite', () => ({
  doc: (_firestore: unknown, ...path: string[]) => path.join('/'),
  getDoc: jest.fn(),
}));

const firestore = {} as Firestore;
const get = getDoc as unknown as jest.Mock<Promise<unknown>>;
const image = { uid: 'u1', imageId: 'cat' };

function snapshot(state?: string, generation = '1', fields: object = {}) {
  return Promise.resolve({
    data: () => state && { state, original: { generation }, token: 'spv_x', ...fields },
  });
}
/** Advances the fake timers until the promise has settled. */
async function settle<T>(work: Promise<T>): Promise<T> {
  void work.catch(() => {});
  await jest.advanceTimersByTimeAsync(120_000);
  return work;
}

beforeEach(() => {
  jest.useFakeTimers();
  get.mockReset();
});
afterEach(() => jest.useRealTimers());

it('waits for a record, reports each change once, and resolves when it is ready', async () => {
  for (const state of [undefined, 'processing', 'processing', 'ready']) {
    get.mockReturnValueOnce(snapshot(state));
  }
  const states: string[] = [];
  const onUpdate = ({ state }: { state: string }) => states.push(state);
  const record = await settle(waitForImage(firestore, { ...image, onUpdate }));
  expect(record.state).toBe('ready');
  expect(states).toEqual(['processing', 'ready']);
  expect(get).toHaveBeenCalledWith('users/u1/images/cat');
});

it('resolves with a failed record', async () => {
  const error = { code: 'not-an-image', message: 'This file is not an image.' };
  get.mockReturnValue(snapshot('failed', '1', { error }));
  const record = await settle(waitForImage(firestore, { ...image, collection: 'a/{uid}/b' }));
  expect(record.error).toEqual(error);
  expect(get).toHaveBeenCalledWith('a/u1/b/cat');
});

it('increases the polling interval up to one second', async () => {
  get.mockImplementation(() => snapshot('processing'));
  const waiting = waitForImage(firestore, { ...image, timeoutMs: 20_000 });
  void waiting.catch(() => {});
  await jest.advanceTimersByTimeAsync(1000);
  const early = get.mock.calls.length;
  await jest.advanceTimersByTimeAsync(9000);
  const middle = get.mock.calls.length;
  await jest.advanceTimersByTimeAsync(5000);
  expect(early).toBeGreaterThanOrEqual(4);
  expect(get.mock.calls.length - middle).toBe(5);
  await jest.advanceTimersByTimeAsync(5000);
  await expect(waiting).rejects.toThrow();
  expect(jest.getTimerCount()).toBeLessThanOrEqual(1);
});

it('waits for the given generation, even above Number.MAX_SAFE_INTEGER', async () => {
  get.mockReturnValueOnce(snapshot('ready', '9007199254740992'));
  get.mockReturnValueOnce(snapshot('ready', '9007199254740993'));
  const onUpdate = jest.fn();
  const generation = '9007199254740993';
  const record = await settle(waitForImage(firestore, { ...image, generation, onUpdate }));
  expect(record.original.generation).toBe(generation);
  expect(onUpdate).toHaveBeenCalledTimes(1);
});

it('accepts the record of a later upload with the same id', async () => {
  get.mockReturnValue(snapshot('ready', '10'));
  const record = await settle(waitForImage(firestore, { ...image, generation: '9' }));
  expect(record.original.generation).toBe('10');
});

it.each([
  [() => snapshot(), undefined, 'Image cat was not ready after 2 s: it has no record yet.'],
  [() => snapshot('processing'), undefined, 'its record says "processing"'],
  [() => snapshot('ready', '1'), '2', 'its record is still that of an earlier upload'],
  [() => new Promise(() => {}), undefined, 'was not ready after 2 s'],
  [
    () => Promise.reject(Object.assign(new Error(), { code: 'unavailable' })),
    undefined,
    'Firestore could not be reached (unavailable)',
  ],
])(
  'times out with the last observed state in the message (%#)',
  async (read, generation, message) => {
    get.mockImplementation(read);
    const waiting = settle(waitForImage(firestore, { ...image, generation, timeoutMs: 2000 }));
    await expect(waiting).rejects.toThrow(message);
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
  },
);

it('does not retry after permission-denied', async () => {
  get.mockRejectedValue(Object.assign(new Error('no'), { code: 'permission-denied' }));
  await expect(settle(waitForImage(firestore, image))).rejects.toThrow('no');
  expect(get).toHaveBeenCalledTimes(1);
});

it("rejects with the signal's reason when aborted", async () => {
  get.mockImplementation(() => snapshot('processing'));
  const controller = new AbortController();
  const waiting = waitForImage(firestore, { ...image, signal: controller.signal });
  controller.abort('signed out');
  await expect(waiting).rejects.toBe('signed out');
  await expect(
    waitForImage(firestore, { ...image, signal: AbortSignal.abort('before') }),
  ).rejects.toBe('before');
});

it('times out when the given signal is not aborted', async () => {
  get.mockImplementation(() => snapshot('processing'));
  const { signal } = new AbortController();
  const waiting = settle(waitForImage(firestore, { ...image, timeoutMs: 2000, signal }));
  await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
});

it.each([{ imageId: '..' }, { uid: '' }, { generation: '1e3' }])('rejects %j', async (invalid) => {
  await expect(waitForImage(firestore, { ...image, ...invalid })).rejects.toThrow(Error);
  expect(get).not.toHaveBeenCalled();
});
