/** What a server renders; tests/browser/client.test.ts has the rest. */
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { imageData, openMemoryBackend } from '../test/memory-backend.js';
import { toImage } from './documents.js';
import { createImagesWith } from './images.js';
import { PublicImage, useImage, useShares, useUpload } from './react.js';

const rendition = { object: 'o', bytes: 1, etag: '"e"' };
const image = toImage(
  'cat',
  imageData({
    placeholder: { thumbhash: '1QcSHQRnh493V4dIh4eXh1h4kJUI', color: '#a0b1c2' },
    variants: {
      w800: { width: 800, height: 600, formats: { webp: rendition, jpeg: rendition } },
    },
  }),
);
const images = createImagesWith(openMemoryBackend(), { baseUrl: '/i' });

test('PublicImage has size, srcset and color, and no placeholder', () => {
  const props = { baseUrl: '/i', image, alt: 'A "cat"', className: 'photo', style: { margin: 0 } };
  expect(renderToString(createElement(PublicImage, props))).toBe(
    '<picture><source srcSet="/i/spv_x/w800.webp 800w" type="image/webp" sizes="100vw"/>' +
      '<img class="photo" src="/i/spv_x/w800.jpg" sizes="100vw" width="800" height="600" alt="A &quot;cat&quot;"' +
      ' loading="lazy" decoding="async" srcSet="/i/spv_x/w800.jpg 800w" style="background-color:#a0b1c2;margin:0"/>' +
      '</picture>',
  );
});

test('PublicImage renders nothing while there are no variants', () => {
  const processing = { ...image };
  delete processing.variants;
  const props = { baseUrl: '/i', image: processing, alt: '' };
  expect(renderToString(createElement(PublicImage, props))).toBe('');
});

test('hooks have their first value on a server', () => {
  const seen: unknown[] = [];
  function Page() {
    seen.push(useImage(images, 'cat', image).image, useImage(images, 'dog', image).image);
    seen.push(useShares(images).shares, useUpload(undefined));
    return null;
  }
  renderToString(createElement(Page));
  expect(seen).toEqual([image, undefined, undefined, undefined]);
});
