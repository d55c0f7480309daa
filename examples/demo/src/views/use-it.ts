/** Code for a photo, by framework. */
import { html, type TemplateResult } from 'lit-html';
import { pictureHtml } from 'storage-public-variants-client';
import { BASE_URL } from '../config.js';
import { sizesOf, type Photo } from '../select.js';
import { copyButton, dialogHead, type View } from './parts.js';

/** What the code is made of. */
interface Values {
  base: string;
  token: string;
  /** Pixels, of the widest size. */
  width: number;
  height: number;
  html: string;
}

const FRAMEWORKS: readonly [name: string, code: (values: Values) => string][] = [
  ['HTML', ({ html }) => html],
  [
    'React',
    ({ base }) => `import { PublicImage } from 'storage-public-variants-client/react';

<PublicImage baseUrl="${base}" image={image} alt="Photo" sizes="100vw" />`,
  ],
  [
    'Next',
    ({ base, token, width, height }) => `'use client';
import Image from 'next/image';
import { nextLoader } from 'storage-public-variants-client/next';

const loader = nextLoader('${base}');

<Image loader={loader} src="${token}" alt="Photo" width={${width}} height={${height}} sizes="100vw" />`,
  ],
  [
    'Nuxt',
    ({ base, token, width, height }) => `// nuxt.config.ts
image: {
  provider: 'publicVariants',
  providers: {
    publicVariants: {
      provider: 'storage-public-variants-client/nuxt',
      options: { baseURL: '${base}' },
    },
  },
}

<NuxtImg src="${token}" alt="Photo" width="${width}" height="${height}" sizes="400px medium:800px large:1600px" />`,
  ],
  [
    'Angular',
    ({ base, token, width, height }) => `// app.config.ts
import { providePublicVariantsLoader } from 'storage-public-variants-client/angular';
providers: [providePublicVariantsLoader('${base}')]

<img ngSrc="${token}" alt="Photo" width="${width}" height="${height}" sizes="100vw" />`,
  ],
  [
    'Flutter',
    ({ base, token }) => `Image.network(
  '${base}/${token}/w800',
  errorBuilder: (_, __, ___) => const Text('No longer shared'),
)`,
  ],
  [
    'Swift',
    ({ base, token }) => `AsyncImage(url: URL(string: "${base}/${token}/w800")) {
  $0.resizable().scaledToFit()
} placeholder: { Color.gray }`,
  ],
  [
    'Kotlin',
    ({ base, token }) => `AsyncImage(
  model = "${base}/${token}/w800",
  contentDescription = "Photo",
)`,
  ],
];

/** Tabs as in https://www.w3.org/WAI/ARIA/apg/patterns/tabs/ */
export function useView(view: View, photo: Photo): TemplateResult {
  const { state, actions } = view;
  const { record } = photo;
  const { width = 0, height = 0 } = sizesOf(photo).at(-1) ?? {};
  const markup = (record && pictureHtml(BASE_URL, record, { alt: 'Photo' })) ?? '';
  const values = { base: BASE_URL, token: record?.token ?? '', width, height, html: markup };
  const code = FRAMEWORKS[state.tab]?.[1](values) ?? '';
  const name = FRAMEWORKS[state.tab]?.[0] ?? '';
  const move = (event: KeyboardEvent) => {
    const last = FRAMEWORKS.length - 1;
    const targets: Record<string, number> = {
      ArrowRight: state.tab === last ? 0 : state.tab + 1,
      ArrowLeft: state.tab === 0 ? last : state.tab - 1,
      Home: 0,
      End: last,
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    actions.chooseTab(target);
    const list = event.currentTarget as Element;
    list.querySelectorAll<HTMLElement>('[role=tab]')[target]?.focus();
  };
  return html`${dialogHead('Use it')}
    <div role="tablist" aria-label="Framework" @keydown=${move}>
      ${FRAMEWORKS.map(
        ([framework], index) =>
          html`<button
            type="button"
            role="tab"
            id="tab-${index}"
            aria-controls="code-panel"
            aria-selected=${index === state.tab ? 'true' : 'false'}
            tabindex=${index === state.tab ? 0 : -1}
            @click=${() => actions.chooseTab(index)}
          >
            ${framework}
          </button>`,
      )}
    </div>
    <div
      role="tabpanel"
      id="code-panel"
      aria-labelledby="tab-${state.tab}"
      tabindex="0"
      data-testid="code-panel"
    >
      <pre><code data-testid="code">${code}</code></pre>
      ${copyButton(view, `the code for ${name}`, code, 'code')}
      ${
        state.copied?.isSelected
          ? html`<p class="note">There is no clipboard here: the text is selected.</p>`
          : ''
      }
    </div>`;
}
