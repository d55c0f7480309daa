/** Defines `<public-image>`, for pages that hold a token and no record. Importing it defines the element. */
import { picture, type PictureRecord } from './picture.js';
import { placeholderUrl } from './placeholder.js';

/** What `GET {base}/{token}` returns; see `manifest.v1.schema.json` of storage-public-variants. */
interface Manifest {
  version: 1;
  placeholder: { thumbhash: string; color: string };
  variants: {
    name: string;
    width: number;
    height: number;
    cropped: boolean;
    altered?: string;
    formats: object;
  }[];
}

const NAME = 'public-image';
const OBSERVED = ['src', 'alt', 'sizes', 'width', 'height'];

// Importing this module must not fail on a server.
const Base = (globalThis.HTMLElement as typeof HTMLElement | undefined) ?? (Object as never);

/**
 * `<public-image src="{base}/{token}" alt="…" sizes="…" width="…" height="…">`. Its children are shown while the
 * image loads and when it can't be loaded: it was revoked, or it never existed. `data-state` is `loading`, `ready`
 * or `error`; at an error there is an event `public-image-error`. `width` and `height` reserve the space.
 */
export class PublicImageElement extends Base {
  static readonly observedAttributes = OBSERVED;
  #children: Node[] | undefined;
  #abort: AbortController | undefined;
  #isScheduled = false;

  connectedCallback(): void {
    this.#schedule();
  }

  disconnectedCallback(): void {
    this.#abort?.abort();
  }

  attributeChangedCallback(): void {
    this.#schedule();
  }

  /** Upgrading an element calls `attributeChangedCallback` once for each attribute: one request for all. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (this.isConnected) void this.#load();
    });
  }

  async #load(): Promise<void> {
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    this.#children ??= [...this.childNodes];
    this.#show('loading', this.#children);
    this.#reserve(Number(this.getAttribute('width')), Number(this.getAttribute('height')));
    try {
      const src = (this.getAttribute('src') ?? '')
        .replace(/[?#].*/, '')
        .replace(/(?<=[^/])\/$/, '');
      const response = await fetch(src, { signal: abort.signal, credentials: 'omit' });
      if (!response.ok) throw new Error(`Expected a manifest, found status ${response.status}`);
      const manifest = (await response.json()) as Manifest;
      const slash = src.lastIndexOf('/');
      const image = this.#pictureOf(src.slice(0, slash), src.slice(slash + 1), manifest);
      if (!abort.signal.aborted) this.#show('ready', [image]);
    } catch (error) {
      if (!abort.signal.aborted) this.#fail(error);
    }
  }

  /** @throws Error when the manifest has no variants */
  #pictureOf(base: string, token: string, { variants, placeholder }: Manifest): HTMLElement {
    const record = {
      token,
      placeholder,
      variants: Object.fromEntries(variants.map(({ name, ...variant }) => [name, variant])),
    } satisfies PictureRecord;
    const found = picture(base, record, {
      alt: this.getAttribute('alt') ?? '',
      sizes: this.getAttribute('sizes') ?? undefined,
    });
    if (!found) throw new Error('Expected variants, found none');
    const { sources, img, color } = found;
    const width = Number(this.getAttribute('width')) || img.width;
    const height = Number(this.getAttribute('height')) || (width * img.height) / img.width;
    this.#reserve(width, height);
    const element = create('img', {
      ...img,
      width,
      height: Math.round(height),
      style:
        `display:block;width:100%;height:100%;background:${color ?? ''} ` +
        `url(${placeholderUrl(placeholder.thumbhash)}) 0 0/100% 100%`,
    });
    element.addEventListener('load', () => (element.style.background = ''));
    element.addEventListener('error', (event) => this.#fail(event));
    const whole = create('picture', {});
    whole.append(...sources.map((source) => create('source', source)), element);
    return whole;
  }

  /** Pixels; 0 or NaN: unknown. */
  #reserve(width: number, height: number): void {
    this.style.display = 'block';
    if (width > 0) this.style.width = `min(100%, ${width}px)`;
    if (width > 0 && height > 0) this.style.aspectRatio = `${width} / ${height}`;
  }

  #fail(cause: unknown): void {
    this.#show('error', this.#children ?? []);
    this.dispatchEvent(new CustomEvent(`${NAME}-error`, { bubbles: true, detail: { cause } }));
  }

  #show(state: string, children: Node[]): void {
    this.dataset['state'] = state;
    this.replaceChildren(...children);
  }
}

function create<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: object,
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

globalThis.customElements?.define(NAME, PublicImageElement);

declare global {
  interface HTMLElementTagNameMap {
    'public-image': PublicImageElement;
  }
}
