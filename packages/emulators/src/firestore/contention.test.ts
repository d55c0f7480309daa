import { DocumentTurns, Mutex } from './contention.js';

const shortly = (milliseconds = 5): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

it('runs one piece of work after the other, failures too', async () => {
  const mutex = new Mutex();
  const done: string[] = [];
  const work = (name: string) => async (): Promise<void> => {
    done.push(`${name} begins`);
    await shortly();
    done.push(`${name} ends`);
    if (name === 'a') throw new Error('a failed');
  };
  const [a] = await Promise.allSettled([mutex.run(work('a')), mutex.run(work('b'))]);
  expect(a?.status).toBe('rejected');
  expect(done).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});

describe('turns', () => {
  it('are taken in order, once each', async () => {
    const turns = new DocumentTurns(5_000);
    const order: string[] = [];
    const take = (holder: string): Promise<void> =>
      turns.take(holder, ['x']).then(() => void order.push(holder));
    await take('a');
    await take('a');
    const waiting = [take('b'), take('c')];
    await shortly();
    expect(order).toEqual(['a', 'a']);
    turns.release('a');
    await waiting[0];
    await shortly();
    expect(order).toEqual(['a', 'a', 'b']);
    turns.release('b');
    await waiting[1];
    turns.release('c');
  });

  it('do not wait for other documents', async () => {
    const turns = new DocumentTurns(5_000);
    await turns.take('a', ['x', 'y']);
    await turns.take('b', ['z']);
    turns.release('a');
    await turns.take('b', ['x', 'y']);
  });

  it('do not wait in a circle', async () => {
    const turns = new DocumentTurns(60_000);
    await turns.take('a', ['x']);
    await turns.take('b', ['y']);
    const waiting = turns.take('a', ['y']);
    await turns.take('b', ['x']);
    turns.release('b');
    await waiting;
  });

  it('go on without whoever never leaves, and then nobody waits for it again', async () => {
    const turns = new DocumentTurns(30);
    await turns.take('dead', ['x']);
    const start = Date.now();
    await turns.take('a', ['x']);
    expect(Date.now() - start).toBeGreaterThanOrEqual(25);
    turns.release('a');
    const patient = new DocumentTurns(60_000);
    await patient.take('b', ['x']);
    let second = false;
    const third = turns.take('c', ['x']).then(() => (second = true));
    await shortly(1);
    expect(second).toBe(true);
    await third;
  });
});
