import type { ImageRecord } from 'storage-public-variants-client';
import type { Backend } from './backend.js';
import { announce, el } from './dom.js';
import { byteSize, errorText, pixelSize } from './format-text.js';
import { originalAccessCheck } from './original-access-check.js';
import { placeholderView, variantsView } from './variants-view.js';

/** `failed`: the image record is `failed`. `error`: the upload failed, or the record cannot be read. */
export type CardState = 'uploading' | 'processing' | 'ready' | 'held' | 'failed' | 'error';

const STATE_LABELS: Record<CardState, string> = {
  uploading: 'Uploading',
  processing: 'Processing',
  ready: 'Ready',
  held: 'Held for review',
  failed: 'Failed',
  error: 'Error',
};

/** The card of one image: upload progress, placeholder, variants, access check of the original. */
export class Card {
  readonly element: HTMLElement;
  readonly #backend: Backend;
  readonly #title: string;
  readonly #state = el('span', { class: 'state' });
  readonly #details = el('p', { class: 'note' });
  readonly #progress = el('progress', { max: 1, value: 0, 'data-testid': 'progress' });
  readonly #progressText = el('span');
  readonly #progressLabel = el('label', { class: 'progress' }, this.#progressText, this.#progress);
  readonly #body = el('div', { class: 'body' });

  constructor(backend: Backend, title: string, state: CardState) {
    this.#backend = backend;
    this.#title = title;
    this.element = el(
      'article',
      { class: 'card', 'data-testid': 'image-card' },
      el('header', {}, el('h2', {}, title), this.#state),
      this.#details,
      this.#progressLabel,
      this.#body,
    );
    this.#setState(state);
  }

  /** @param fraction of bytes uploaded, 0 to 1 */
  uploaded(fraction: number): void {
    this.#progress.value = fraction;
    this.#progressText.textContent = `Uploading ${this.#title}: ${Math.round(fraction * 100)} %`;
  }

  /** The upload is complete. */
  processing(): void {
    this.#setState('processing');
    // Without a value, the progress bar is indeterminate.
    this.#progress.removeAttribute('value');
    this.#progressText.textContent = 'Creating variants…';
  }

  /** Displays a record; may be called again with a newer one. */
  show(record: ImageRecord): void {
    const { original, state } = record;
    const { width, height } = original;
    const size = width && height ? `${pixelSize({ width, height })}, ` : '';
    this.#details.textContent = `Original: ${size}${byteSize(original.bytes)}, ${original.contentType}`;
    this.#body.replaceChildren();
    const placeholder = placeholderView(record);
    if (placeholder) this.#body.append(placeholder);
    if (state === 'processing') {
      this.processing();
      return;
    }
    if (state === 'ready') this.#body.append(variantsView(record, this.#title));
    else if (state === 'failed')
      this.#body.append(errorMessage(record.error?.message ?? 'Unknown error.'));
    this.#body.append(originalAccessCheck(this.#backend.objectUrl(original.bucket, original.name)));
    this.#finish(state);
  }

  /**
   * Displays an error of the upload or of the request for the record.
   *
   * @param label short, such as `Upload failed`
   */
  fail(label: string, error: unknown): void {
    const text = errorText(error);
    this.#body.replaceChildren(errorMessage(text));
    this.#finish('error', label);
    announce(`${this.#title}: ${text}`);
  }

  #setState(state: CardState, label = STATE_LABELS[state]): void {
    this.element.dataset.state = state;
    this.#state.textContent = label;
  }

  #finish(state: CardState, label = STATE_LABELS[state]): void {
    this.#setState(state, label);
    this.#progressLabel.hidden = true;
    announce(`${this.#title}: ${label}`);
  }
}

function errorMessage(text: string): HTMLElement {
  return el('p', { class: 'result', 'data-kind': 'error' }, text);
}
