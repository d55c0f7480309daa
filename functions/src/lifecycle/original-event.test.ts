import { config, NAME, NOW, upload } from '../../test/lifecycle/upload-fixture.js';
import { parseOriginalEvent } from './original-event.js';

test.each([
  ['an object outside ORIGINALS_PATH', { name: 'elsewhere/alice/cat.jpg' }],
  ['a rendition', { name: 'variants/abc/1/w40.webp' }],
  ['an object in a subfolder', { name: 'originals/alice/album/cat.jpg' }],
  ['an id that is not a valid document id', { name: 'originals/alice/..' }],
  ['an object of another bucket', { bucket: 'other' }],
  ['an object in a folder that is not ORIGINALS_PATH', { name: 'elsewhere/alice/cat' }],
  ['a rendition with a short folder name', { name: 'variants/abc/1/w40.avif' }],
  ['an original of another bucket', { bucket: 'other', name: 'originals/alice/cat' }],
])('ignores %s', (_what, changes) => {
  const { bytes: size, ...original } = upload(changes).original;
  const event = { data: { ...original, size }, time: new Date(NOW).toISOString() };
  expect(parseOriginalEvent(event, config)).toBeUndefined();
});

test('parses the event of an upload', () => {
  const { bytes: size, ...original } = upload().original;
  const data = { ...original, generation: Number(original.generation), size: String(size) };
  const event = { data, time: new Date(NOW).toISOString() };
  expect(parseOriginalEvent(event, config)).toEqual(upload());
});

test('uses the default media type for an upload without one', () => {
  const data = { bucket: 'bucket', name: NAME, generation: 1, size: 5 };
  const event = parseOriginalEvent({ data, time: new Date(NOW).toISOString() }, config);
  expect(event?.original.contentType).toBe('application/octet-stream');
});
