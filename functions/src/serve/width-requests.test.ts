/** Requests with `?w=` while WIDTHS are made on demand. */
import { openServeFixture } from '../../test/serve/serve-fixture.js';
import type { WidthTask } from '../domain/tasks.js';
import { WIDTHS_PER_WINDOW } from './rate-limit.js';

const WIDTHS = [160, 320, 640, 960, 2560];
const WEBP = { headers: { accept: 'image/webp,*/*' } };

/** The fixture has w800 in both formats, and thumb (cropped) and w1600 in WebP. */
function open(options: Parameters<typeof openServeFixture>[0] = {}) {
  const config = { widths: WIDTHS, ...options.config };
  const fixture = openServeFixture({ ...options, config });
  const tasks = () =>
    fixture.backend.tasks.flatMap(({ queue, task }) => (queue === 'resize' ? [task] : []));
  /** Records a rendition, as the function `resize` does. */
  const make = ({ width, format }: WidthTask) => {
    const { backend, hash, put } = fixture;
    const record = backend.tokens.get(hash);
    if (!record?.image) throw new Error('expected a record with an image');
    const rendition = put(`made-${width}.${format}`, Buffer.from(`made-${width}.${format}`));
    const widths = { ...record.image.widths, [width]: { width, height: 1, [format]: rendition } };
    backend.tokens.set(hash, { ...record, image: { ...record.image, widths } });
  };
  return { ...fixture, tasks, make };
}

test('a width is rounded up; until it is made, the nearest rendition is sent with no-store', async () => {
  const { get, token, hash, tasks } = open();
  const response = await get(`/${token}?w=500`, WEBP);
  expect(response).toMatchObject({
    status: 200,
    body: Buffer.from('w800.webp'),
    headers: {
      'cache-control': 'no-store',
      'content-disposition': 'inline; filename="w800.webp"',
      vary: 'Accept',
    },
  });
  const source = 'w1600.webp';
  expect(tasks()).toEqual([{ hash, width: 640, format: 'webp', source }]);
});

test('once made it is sent, with the usual lifetime, also by other instances', async () => {
  const { get, token, time, tasks, make, openInstance, backend } = open();
  await get(`/${token}?w=500`, WEBP);
  make(tasks()[0] as WidthTask);
  // The record in memory is read again soon, not after the revocation bound.
  time.clock += 2000;
  const before = backend.calls['findToken'] ?? 0;
  const response = await get(`/${token}?w=640`, WEBP);
  expect(response).toMatchObject({
    status: 200,
    body: Buffer.from('made-640.webp'),
    headers: {
      'cache-control': 'public, max-age=30, s-maxage=30, must-revalidate',
      'content-disposition': 'inline; filename="w640.webp"',
      vary: 'Accept',
    },
  });
  expect(backend.calls['findToken']).toBe(before + 1);
  const other = await openInstance()(`/${token}?w=321&dpr=1&f=webp`);
  expect(other.body?.toString()).toBe('made-640.webp');
  expect(other.headers).not.toHaveProperty('vary');
  expect(tasks()).toHaveLength(1);
});

test('is requested once by an instance, and once per width and format', async () => {
  const { get, token, tasks, openInstance, backend } = open();
  await Promise.all(Array.from({ length: 20 }, () => get(`/${token}?w=300`, WEBP)));
  await get(`/${token}?w=300&f=jpg`);
  await get(`/${token}?w=150&f=webp`);
  // The queue ignores the duplicate of another instance.
  await openInstance()(`/${token}?w=300`, WEBP);
  const asked = tasks().map(({ width, format }) => `${width} ${format}`);
  expect(asked).toEqual(['320 webp', '320 jpeg', '160 webp']);
  expect(backend.calls['queues.resize']).toBe(4);
});

test('reads the record again while it waits, but not for each view', async () => {
  const { get, token, time, backend } = open();
  await get(`/${token}?w=500`, WEBP);
  for (let second = 0; second < 59; second++) {
    time.clock += 1000;
    await get(`/${token}?w=500`, WEBP);
  }
  // Every two seconds for half a minute.
  expect(backend.calls['findToken']).toBeLessThanOrEqual(17);
  expect(backend.calls['findToken']).toBeGreaterThanOrEqual(12);
});

test.each([
  ['as wide as a variant', 'w=800', 'w800.webp'],
  ['narrower than a variant that is narrower than its rounded width', 'w=700', 'w800.webp'],
  ['wider than all widths', 'w=1500', 'w1600.webp'],
  ['wider than the widest variant', 'w=2000', 'w1600.webp'],
  ['far beyond', 'w=100000', 'w1600.webp'],
])('%s: nothing is made', async (_case, query, file) => {
  const { get, token, tasks } = open({ config: { widths: [320, 640, 960] } });
  const { headers } = await get(`/${token}?${query}`, WEBP);
  expect(headers).toMatchObject({
    'content-disposition': `inline; filename="${file}"`,
    'cache-control': 'public, max-age=30, s-maxage=30, must-revalidate',
  });
  expect(tasks()).toEqual([]);
});

test('a width that is too near to the widest variant is not made', async () => {
  const { get, token, tasks } = open({ config: { widths: [1100] } });
  const { headers } = await get(`/${token}?w=1050`, WEBP);
  expect(headers['content-disposition']).toBe('inline; filename="w1600.webp"');
  expect(tasks()).toEqual([]);
});

test.each([
  ['only cropped variants', { variants: ['thumb'] }],
  ['nothing', { variants: [] }],
  ['an image that has expired', { expiresAt: 0 }],
])('a token that grants %s: nothing is made', async (_case, record) => {
  const { get, token, tasks } = open({ record });
  await get(`/${token}?w=100`, WEBP);
  expect(tasks()).toEqual([]);
});

test('a token gets no width beyond the variants that it grants, though they were made for others', async () => {
  const { get, token, make, tasks, hash } = open({ record: { variants: ['w800'] } });
  make({ hash, width: 960, format: 'webp', source: 'w1600.webp' });
  for (const width of [960, 640]) {
    const { body } = await get(`/${token}?w=${width}&f=webp`);
    expect(body?.toString()).toBe('w800.webp');
  }
  await get(`/${token}?w=320&f=webp`);
  expect(tasks()).toMatchObject([{ width: 320, source: 'w800.webp' }]);
});

test('a wider one that was made stands in for a missing one', async () => {
  const { get, token, make, hash } = open();
  make({ hash, width: 480, format: 'jpeg', source: 'w800.jpg' });
  const { headers } = await get(`/${token}?w=320&f=jpg`);
  expect(headers).toMatchObject({
    'content-disposition': 'inline; filename="w480.jpg"',
    'cache-control': 'no-store',
  });
});

test('a client may ask for a number of them per minute; then it gets the nearest rendition', async () => {
  const widths = Array.from({ length: WIDTHS_PER_WINDOW + 10 }, (_, index) => 100 + index);
  const { get, token, tasks, time } = open({ config: { widths } });
  const view = (width: number, address: string) =>
    get(`/${token}?w=${width}&f=webp`, { remoteAddress: address });
  for (const width of widths) expect((await view(width, '1.2.3.4')).status).toBe(200);
  expect(tasks()).toHaveLength(WIDTHS_PER_WINDOW);
  // Others are not affected, and neither is the client a minute later.
  await view(widths.at(-1) as number, '1.2.3.5');
  expect(tasks()).toHaveLength(WIDTHS_PER_WINDOW + 1);
  time.clock += 60_000;
  await view(widths.at(-2) as number, '1.2.3.4');
  expect(tasks()).toHaveLength(WIDTHS_PER_WINDOW + 2);
});

test('a queue that fails is logged without the token, the view is answered, and a later one asks again', async () => {
  const fixture = open();
  const { get, token, backend, logged, hash } = fixture;
  jest.spyOn(backend.queues, 'enqueueWidth').mockRejectedValueOnce(new Error('queue is down'));
  await expect(get(`/${token}?w=500`, WEBP)).resolves.toMatchObject({ status: 200 });
  const details = { token: hash.slice(0, 8) };
  expect(logged).toMatchObject([['WARNING', 'failed to request a rendition', details]]);
  expect(JSON.stringify(logged)).not.toContain(token);
  await get(`/${token}?w=500`, WEBP);
  expect(fixture.tasks()).toHaveLength(1);
});

test('HEAD and conditional requests ask, too, and have no body', async () => {
  const { get, token, tasks } = open();
  const { status, body } = await get(`/${token}?w=500&f=webp`, { method: 'HEAD' });
  expect([status, body]).toEqual([200, undefined]);
  expect(tasks()).toHaveLength(1);
});

test('without WIDTHS, `?w=` selects a variant', async () => {
  const { get, token, backend } = openServeFixture({});
  const { headers } = await get(`/${token}?w=100`, WEBP);
  expect(headers['content-disposition']).toBe('inline; filename="w800.webp"');
  expect(backend.tasks).toEqual([]);
});
