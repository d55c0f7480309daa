import { within } from './within.js';

const reason = new Error('the time is over');

test('returns the result of the work, and throws its error', async () => {
  const { signal } = new AbortController();
  await expect(within(signal, Promise.resolve(1))).resolves.toBe(1);
  await expect(within(signal, Promise.reject(new Error('failed')))).rejects.toThrow('failed');
});

test('throws the reason of the signal, whether it is aborted before or meanwhile', async () => {
  await expect(within(AbortSignal.abort(reason), new Promise(() => {}))).rejects.toBe(reason);
  const controller = new AbortController();
  const result = within(controller.signal, new Promise(() => {}));
  controller.abort(reason);
  await expect(result).rejects.toBe(reason);
});

test('what the work does after that is ignored', async () => {
  let fail: (error: Error) => void = () => {};
  const work = new Promise<never>((_, reject) => (fail = reject));
  const result = within(AbortSignal.abort(reason), work);
  fail(new Error('late'));
  await expect(result).rejects.toBe(reason);
});

test('leaves no listener behind', async () => {
  const { signal } = new AbortController();
  const removed = jest.spyOn(signal, 'removeEventListener');
  await within(signal, Promise.resolve());
  await Promise.resolve();
  expect(removed).toHaveBeenCalledTimes(1);
});
