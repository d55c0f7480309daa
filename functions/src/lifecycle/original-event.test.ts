import { config, NAME, NOW, OWNER, upload } from '../../test/lifecycle/upload-fixture.js';
import { parseDeletedEvent, parseFinalizedEvent } from './original-event.js';

test.each([
  ['an object outside ORIGINALS_PATH', { name: 'elsewhere/alice/cat.jpg' }],
  ['a rendition', { name: 'variants/abc/1/w40.webp' }],
  ['an object in a subfolder', { name: 'originals/alice/album/cat.jpg' }],
  ['an object of another bucket', { bucket: 'other' }],
  ['an object in a folder that is not ORIGINALS_PATH', { name: 'elsewhere/alice/cat' }],
  ['a rendition with a short folder name', { name: 'variants/abc/1/w40.avif' }],
  ['an original of another bucket', { bucket: 'other', name: 'originals/alice/cat' }],
])('ignores %s', (_what, changes) => {
  const { bytes: size, ...original } = upload(changes).original;
  const event = { data: { ...original, size }, time: new Date(NOW).toISOString() };
  expect(parseFinalizedEvent(event, config)).toBeUndefined();
  expect(parseDeletedEvent(event, config)).toBeUndefined();
});

test.each([
  'originals/alice/..',
  'originals/alice/',
  'originals/__x__/cat',
  'originals/./cat',
  'originals/../cat',
  'originals/a\0b/cat',
  'originals/alice/a\0b',
])('parses the upload of %j, whose ids are invalid: it has a download token too', (name) => {
  const { bytes: size, ...original } = upload({ name }).original;
  const metadata = { firebaseStorageDownloadTokens: 'a' };
  const event = { data: { ...original, size, metadata }, time: new Date(NOW).toISOString() };
  expect(parseFinalizedEvent(event, config)).toEqual({ ...upload({ name }), hasOwner: false });
  expect(parseDeletedEvent(event, config)).toBeUndefined();
});

test('parses the event of a deletion', () => {
  const { bytes: size, ...original } = upload().original;
  const event = { data: { ...original, size }, time: new Date(NOW).toISOString() };
  const { bucket, name, generation } = original;
  const deletion = { owner: OWNER, original: { bucket, name, generation }, time: NOW };
  expect(parseDeletedEvent(event, config)).toEqual(deletion);
});

test('parses the event of an upload', () => {
  const { bytes: size, ...original } = upload().original;
  const data = { ...original, generation: Number(original.generation), size: String(size) };
  const time = new Date(NOW).toISOString();
  const withoutToken = { ...upload(), hasDownloadToken: false };
  expect(parseFinalizedEvent({ data, time }, config)).toEqual(withoutToken);
  const others: Record<string, string>[] = [
    {},
    { caption: 'Cat' },
    { firebaseStorageDownloadTokens: '' },
  ];
  for (const metadata of others) {
    const event = { data: { ...data, metadata }, time };
    expect(parseFinalizedEvent(event, config)).toEqual(withoutToken);
  }
  const metadata = { caption: 'Cat', firebaseStorageDownloadTokens: 'a,b' };
  expect(parseFinalizedEvent({ data: { ...data, metadata }, time }, config)).toEqual(upload());
});

test('keeps at most 255 characters of the media type: a client may declare any text', () => {
  const contentType = `image/${'x'.repeat(5000)}`;
  const data = { bucket: 'bucket', name: NAME, generation: 1, size: 5, contentType };
  const event = parseFinalizedEvent({ data, time: new Date(NOW).toISOString() }, config);
  expect(event?.original.contentType).toBe(contentType.slice(0, 255));
});

test('uses the default media type for an upload without one', () => {
  const data = { bucket: 'bucket', name: NAME, generation: 1, size: 5 };
  const event = parseFinalizedEvent({ data, time: new Date(NOW).toISOString() }, config);
  expect(event?.original.contentType).toBe('application/octet-stream');
});
