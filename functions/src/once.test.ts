import { once } from './once.js';

test('runs once for concurrent callers', async () => {
  let count = 0;
  const get = once(() => Promise.resolve(++count));
  expect(await Promise.all([get(), get(), get()])).toEqual([1, 1, 1]);
});

test('runs again after a failure', async () => {
  let count = 0;
  const get = once(() =>
    ++count === 1 ? Promise.reject(new Error('first')) : Promise.resolve(count),
  );
  await expect(get()).rejects.toThrow('first');
  await expect(get()).resolves.toBe(2);
});
