import { setTimeout as delay } from 'node:timers/promises';
import { DocumentLocks, Mutex } from './locks.js';

const pause = (milliseconds = 5): Promise<void> => delay(milliseconds);

it('runs functions one after the other, also when one fails', async () => {
  const mutex = new Mutex();
  const events: string[] = [];
  const work = (name: string) => async (): Promise<void> => {
    events.push(`${name} begins`);
    await pause();
    events.push(`${name} ends`);
    if (name === 'a') throw new Error('a failed');
  };
  const [a] = await Promise.allSettled([mutex.run(work('a')), mutex.run(work('b'))]);
  expect(a?.status).toBe('rejected');
  expect(events).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});

describe('document locks', () => {
  it('are acquired in order, once per owner', async () => {
    const locks = new DocumentLocks(5_000);
    const order: string[] = [];
    const acquire = (owner: string): Promise<void> =>
      locks.acquire(owner, ['x']).then(() => void order.push(owner));
    await acquire('a');
    await acquire('a');
    const waiting = [acquire('b'), acquire('c')];
    await pause();
    expect(order).toEqual(['a', 'a']);
    locks.release('a');
    await waiting[0];
    await pause();
    expect(order).toEqual(['a', 'a', 'b']);
    locks.release('b');
    await waiting[1];
    locks.release('c');
  });

  it('do not wait for locks of other documents', async () => {
    const locks = new DocumentLocks(5_000);
    await locks.acquire('a', ['x', 'y']);
    await locks.acquire('b', ['z']);
    locks.release('a');
    await locks.acquire('b', ['x', 'y']);
  });

  it('do not deadlock', async () => {
    const locks = new DocumentLocks(60_000);
    await locks.acquire('a', ['x']);
    await locks.acquire('b', ['y']);
    const waiting = locks.acquire('a', ['y']);
    await locks.acquire('b', ['x']);
    locks.release('b');
    await waiting;
  });

  it('are skipped after the longest wait, and then the next owner does not wait', async () => {
    const locks = new DocumentLocks(30);
    await locks.acquire('dead', ['x']);
    const start = Date.now();
    await locks.acquire('a', ['x']);
    expect(Date.now() - start).toBeGreaterThanOrEqual(25);
    locks.release('a');
    const otherLocks = new DocumentLocks(60_000);
    await otherLocks.acquire('b', ['x']);
    let hasAcquired = false;
    const third = locks.acquire('c', ['x']).then(() => (hasAcquired = true));
    await pause(1);
    expect(hasAcquired).toBe(true);
    await third;
  });
});
