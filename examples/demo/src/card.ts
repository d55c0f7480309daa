import type { ClientImageRecord } from 'storage-public-variants-client';
import type { Backend } from './backend.js';
import { announce, el } from './dom.js';
import { lockProof } from './lock-proof.js';
import { placeholderView, variantsView } from './variants-view.js';
import { byteSize, pixelSize, sentenceFor } from './words.js';

/** `failed`: the record says so. `error`: it did not get as far as a settled record. */
export type CardState = 'uploading' | 'processing' | 'ready' | 'failed' | 'error';

const STATE_WORDS: Record<CardState, string> = {
  uploading: 'Uploading',
  processing: 'Processing',
  ready: 'Ready',
  failed: 'Failed',
  error: 'Error',
};

/** What the page shows of one image, from the first byte sent to the last variant. */
export class Card {
  readonly element: HTMLElement;
  readonly #backend: Backend;
  readonly #title: string;
  readonly #state = el('span', { class: 'state' });
  readonly #facts = el('p', { class: 'note' });
  readonly #progress = el('progress', { max: 1, value: 0, 'data-testid': 'progress' });
  readonly #progressText = el('span');
  readonly #waiting = el('label', { class: 'waiting' }, this.#progressText, this.#progress);
  readonly #body = el('div', { class: 'body' });

  constructor(backend: Backend, title: string, state: CardState) {
    this.#backend = backend;
    this.#title = title;
    this.element = el(
      'article',
      { class: 'card', 'data-testid': 'image-card' },
      el('header', {}, el('h2', {}, title), this.#state),
      this.#facts,
      this.#waiting,
      this.#body,
    );
    this.#enter(state);
  }

  /** @param fraction of the bytes that have arrived, 0 to 1 */
  uploaded(fraction: number): void {
    this.#progress.value = fraction;
    this.#progressText.textContent = `Uploading ${this.#title}: ${Math.round(fraction * 100)} %`;
  }

  /** All bytes have arrived; the record will tell the rest. */
  processing(): void {
    this.#enter('processing');
    // Without a value the bar says: nobody knows how long.
    this.#progress.removeAttribute('value');
    this.#progressText.textContent = 'Making the sizes…';
  }

  /** Shows what the record says now; may be called again with a newer one. */
  show(record: ClientImageRecord): void {
    const { original, state } = record;
    const { width, height } = original;
    const size = width && height ? `${pixelSize({ width, height })}, ` : '';
    this.#facts.textContent = `Original: ${size}${byteSize(original.bytes)}, ${original.contentType}`;
    this.#body.replaceChildren();
    const placeholder = placeholderView(record);
    if (placeholder) this.#body.append(placeholder);
    if (state === 'processing') {
      this.processing();
      return;
    }
    if (state === 'ready') this.#body.append(variantsView(record, this.#title));
    else this.#body.append(reason(record.error?.message ?? 'No reason was given.'));
    this.#body.append(lockProof(this.#backend.objectUrl(original.bucket, original.name)));
    this.#settle(state);
  }

  /**
   * It did not come to a record, or the page could not read it.
   *
   * @param what in two words: `Not uploaded`
   */
  fail(what: string, error: unknown): void {
    const text = sentenceFor(error);
    this.#body.replaceChildren(reason(text));
    this.#settle('error', what);
    announce(`${this.#title}: ${text}`);
  }

  #enter(state: CardState, words = STATE_WORDS[state]): void {
    this.element.dataset.state = state;
    this.#state.textContent = words;
  }

  #settle(state: CardState, words = STATE_WORDS[state]): void {
    this.#enter(state, words);
    this.#waiting.hidden = true;
    announce(`${this.#title}: ${words}`);
  }
}

function reason(text: string): HTMLElement {
  return el('p', { class: 'verdict', 'data-mood': 'open' }, text);
}
