import { once } from './once.js';

test('sets up once for all who ask, however many ask at once', async () => {
  let count = 0;
  const get = once(() => Promise.resolve(++count));
  expect(await Promise.all([get(), get(), get()])).toEqual([1, 1, 1]);
});

test('a failure is not kept', async () => {
  let count = 0;
  const get = once(() =>
    ++count === 1 ? Promise.reject(new Error('first')) : Promise.resolve(count),
  );
  await expect(get()).rejects.toThrow('first');
  await expect(get()).resolves.toBe(2);
});
