import {
  listVariantUrls,
  pictureHtml,
  placeholderUrl,
  type ImageRecord,
  type VariantUrl,
} from 'storage-public-variants-client';
import { PUBLIC_BASE_URL } from './backend.js';
import { copyable, el } from './dom.js';
import { byteSize, formatName, pixelSize } from './format-text.js';

/** Returns the placeholder with the aspect ratio of the original, if the record has one. */
export function placeholderView(record: ImageRecord): HTMLElement | undefined {
  const { placeholder, original } = record;
  if (!placeholder) return undefined;
  const { width = 3, height = 2 } = original;
  const image = el('img', { alt: '', width, height, src: placeholderUrl(placeholder.thumbhash) });
  const bytes = atob(placeholder.thumbhash).length;
  return el(
    'figure',
    { class: 'placeholder', 'data-testid': 'placeholder' },
    image,
    el('figcaption', {}, `Placeholder: ${bytes} bytes, part of the image record`),
  );
}

/** Returns all variants with their images and public URLs, and the HTML of a `<picture>`. */
export function variantsView(record: ImageRecord, title: string): HTMLElement {
  const byName = new Map<string, VariantUrl[]>();
  for (const rendition of listVariantUrls(PUBLIC_BASE_URL, record)) {
    byName.set(rendition.name, [...(byName.get(rendition.name) ?? []), rendition]);
  }
  const { placeholder } = record;
  // Shown until the image has loaded.
  const background = placeholder
    ? `${placeholder.color} url("${placeholderUrl(placeholder.thumbhash)}") center / cover`
    : '';
  return el(
    'section',
    { class: 'variants' },
    el('h3', {}, 'Public variants'),
    el(
      'p',
      { class: 'note' },
      'Anyone with one of these URLs can view that image without signing in. Click an image to open it.',
    ),
    ...[...byName].map(([name, renditions]) =>
      el(
        'section',
        { class: 'size' },
        el(
          'h4',
          {},
          name,
          el('span', { class: 'note' }, renditions[0] && pixelSize(renditions[0])),
        ),
        el('ul', {}, ...renditions.map((rendition) => renditionView(rendition, title, background))),
      ),
    ),
    htmlView(record, title),
  );
}

function renditionView(rendition: VariantUrl, title: string, background: string): HTMLElement {
  const { name, format, width, height, bytes, url } = rendition;
  const label = `${name} as ${formatName(format)}`;
  const image = el('img', { src: url, width, height, alt: `${title}, ${label}` });
  image.style.background = background;
  // Otherwise it stays visible behind an image with transparency.
  image.addEventListener('load', () => (image.style.background = ''));
  const link = el('a', { href: url, target: '_blank', rel: 'noopener' }, image);
  image.addEventListener('error', () => link.replaceWith(loadError(label)));
  const code = el('code', { 'data-testid': 'variant-url' }, url);
  return el(
    'li',
    { 'data-testid': 'variant', 'data-name': name, 'data-format': format },
    link,
    el('p', { class: 'details' }, el('b', {}, formatName(format)), ` ${byteSize(bytes)}`),
    copyable(`the URL of ${label}`, code),
  );
}

function loadError(label: string): HTMLElement {
  return el('p', { class: 'result', 'data-kind': 'error' }, `${label} could not be loaded.`);
}

function htmlView(record: ImageRecord, title: string): HTMLElement {
  const html = pictureHtml(PUBLIC_BASE_URL, record, { alt: title }) ?? '';
  const summary = el('summary', {}, 'HTML for your page');
  return el('details', {}, summary, copyable('the HTML', el('code', { class: 'block' }, html)));
}
