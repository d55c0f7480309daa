import { MAX_WATERMARK_BYTES } from '../domain/watermark.js';
import { openWatermark } from './watermark.js';

const SETTINGS = { object: 'logo.png', scale: 0.5, opacity: 1 };

function open() {
  const state = { generation: '1', bytes: 3, exists: true, time: 0 };
  const calls: string[] = [];
  const read = openWatermark(
    SETTINGS,
    {
      findOriginal: (name) => {
        calls.push('find');
        const { generation, bytes, exists } = state;
        const found = { name, generation, bytes, time: 0, hasDownloadToken: false };
        return Promise.resolve(exists ? found : undefined);
      },
      readOriginal: (_name, generation) => {
        calls.push('read');
        return Promise.resolve(state.exists ? Buffer.from(generation) : undefined);
      },
    },
    () => state.time,
  );
  return { state, calls, read };
}

test('is read once for uploads at the same time, and looked up again after a minute', async () => {
  const { state, calls, read } = open();
  const [watermark] = await Promise.all([read(), read()]);
  expect(watermark).toEqual({ scale: 0.5, opacity: 1, bytes: Buffer.from('1') });
  state.time = 60_001;
  await read();
  expect(calls).toEqual(['find', 'read', 'find']);
  state.time *= 2;
  state.generation = '2';
  await expect(read()).resolves.toMatchObject({ bytes: Buffer.from('2') });
  state.time *= 2;
});

test('a missing one fails until it is there', async () => {
  const { state, read } = open();
  state.exists = false;
  await expect(read()).rejects.toMatchObject({
    code: 'watermark-unavailable',
    detail: 'expected the object of WATERMARK, found none',
  });
  state.exists = true;
  await expect(read()).resolves.toMatchObject({ bytes: Buffer.from('1') });
});

test('one that is too large is not read', async () => {
  const { state, calls, read } = open();
  state.bytes = MAX_WATERMARK_BYTES + 1;
  await expect(read()).rejects.toMatchObject({
    detail: 'expected a watermark of at most 5000000 bytes, found 5000001',
  });
  expect(calls).toEqual(['find']);
});
