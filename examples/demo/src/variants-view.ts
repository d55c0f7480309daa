import {
  listVariantUrls,
  pictureElement,
  placeholderDataUrl,
  type ClientImageRecord,
  type VariantUrl,
} from 'storage-public-variants-client';
import { PUBLIC_BASE_URL } from './backend.js';
import { copyable, el } from './dom.js';
import { byteSize, formatName, pixelSize } from './words.js';

/** The placeholder, stretched to the shape of the picture that it announces. */
export function placeholderView(record: ClientImageRecord): HTMLElement | undefined {
  const { placeholder, original } = record;
  if (!placeholder) return undefined;
  const { width = 3, height = 2 } = original;
  const image = el('img', { alt: '', width, height, src: placeholderDataUrl(placeholder) });
  const bytes = atob(placeholder.thumbhash).length;
  return el(
    'figure',
    { class: 'placeholder', 'data-testid': 'placeholder' },
    image,
    el('figcaption', {}, `Placeholder: ${bytes} bytes, came with the record`),
  );
}

/** Every variant as it will be seen, with its public address in each format. */
export function variantsView(record: ClientImageRecord, title: string): HTMLElement {
  const byName = new Map<string, VariantUrl[]>();
  for (const rendition of listVariantUrls(PUBLIC_BASE_URL, record)) {
    byName.set(rendition.name, [...(byName.get(rendition.name) ?? []), rendition]);
  }
  const { placeholder } = record;
  // What is seen where a picture has not arrived yet.
  const background = placeholder
    ? `${placeholder.color} url("${placeholderDataUrl(placeholder)}") center / cover`
    : '';
  return el(
    'section',
    { class: 'variants' },
    el('h3', {}, 'Public sizes'),
    el(
      'p',
      { class: 'note' },
      'Whoever knows one of these addresses sees that size, signed in or not. Select a picture to open it alone.',
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
    markupView(record, title),
  );
}

function renditionView(rendition: VariantUrl, title: string, background: string): HTMLElement {
  const { name, format, width, height, bytes, url } = rendition;
  const label = `${name} as ${formatName(format)}`;
  const image = el('img', { src: url, width, height, alt: `${title}, ${label}` });
  image.style.background = background;
  // A picture with transparent parts must not show it for good.
  image.addEventListener('load', () => (image.style.background = ''));
  const picture = el('a', { href: url, target: '_blank', rel: 'noopener' }, image);
  image.addEventListener('error', () => picture.replaceWith(failure(label)));
  const address = el('code', { 'data-testid': 'variant-url' }, url);
  return el(
    'li',
    { 'data-testid': 'variant', 'data-name': name, 'data-format': format },
    picture,
    el('p', { class: 'facts' }, el('b', {}, formatName(format)), ` ${byteSize(bytes)}`),
    copyable(`the address of ${label}`, address),
  );
}

function failure(label: string): HTMLElement {
  return el('p', { class: 'verdict', 'data-mood': 'open' }, `${label} did not load.`);
}

function markupView(record: ClientImageRecord, title: string): HTMLElement {
  const html = pictureElement(PUBLIC_BASE_URL, record, { alt: title });
  const summary = el('summary', {}, 'HTML for your page');
  return el('details', {}, summary, copyable('the HTML', el('code', { class: 'block' }, html)));
}
