/** What several views use. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { ref } from 'lit-html/directives/ref.js';
import type { Actions } from '../actions.js';
import type { State } from '../store.js';

/** What a view needs. */
export interface View {
  state: State;
  actions: Actions;
}

/** For `ref`: opens a modal dialog. A function of its own, so that it is called once an element. */
function showModal(element: Element | undefined): void {
  // The element is not connected yet.
  queueMicrotask(() => {
    if (element instanceof HTMLDialogElement && element.isConnected && !element.open) {
      element.showModal();
    }
  });
}

/**
 * A modal dialog: the browser keeps the focus inside, closes it with Escape, and returns the focus.
 *
 * @param onClose called after it has closed
 */
export function modal(
  { name, label, onClose }: { name: string; label: string; onClose: () => void },
  content: TemplateResult,
): TemplateResult {
  return html`<dialog
    class="${name === 'drawer' ? 'drawer' : 'modal'}"
    data-testid="${name}"
    aria-label=${label}
    ${ref(showModal)}
    @close=${onClose}
    @click=${closeAtBackdrop}
  >
    ${content}
  </dialog>`;
}

function closeAtBackdrop(event: MouseEvent): void {
  const { target, currentTarget } = event;
  if (target === currentTarget) (currentTarget as HTMLDialogElement).close();
}

/** Closes the dialog that the target of an event is in. */
export function closeMine(event: Event): void {
  (event.currentTarget as Element).closest('dialog')?.close();
}

/** The title of a dialog, with its button to close it. */
export function dialogHead(title: string): TemplateResult {
  return html`<header class="dialog-head">
    <h2>${title}</h2>
    <button type="button" class="icon" aria-label="Close" @click=${closeMine}>${CROSS}</button>
  </header>`;
}

/** The error of what a dialog does. */
export function workError({ state: { work } }: View): TemplateResult | typeof nothing {
  return work?.error === undefined ? nothing : html`<p class="bad" role="alert">${work.error}</p>`;
}

/**
 * A button that copies a text.
 *
 * @param name of the text, for the accessible name and to know which button was used
 * @param selector of the element beside it with the text, which is selected when there is no clipboard
 */
export function copyButton(
  { state, actions }: View,
  name: string,
  text: string,
  selector: string,
): TemplateResult {
  const copied = state.copied?.name === name ? state.copied : undefined;
  const label = copied ? (copied.isSelected ? 'Selected' : 'Copied') : 'Copy';
  return html`<button
    type="button"
    class="quiet copy"
    data-testid="copy"
    aria-label="${label} ${name}"
    @click=${(event: Event) => {
      const parent = (event.currentTarget as Element).parentElement;
      void actions.copy(name, text, parent?.querySelector(selector) ?? null);
    }}
  >
    ${label}
  </button>`;
}

export const LOCK = html`<svg class="lock" viewBox="0 0 24 24" aria-hidden="true">
  <path d="M7 10V7.5a5 5 0 0 1 10 0V10" fill="none" stroke="currentColor" stroke-width="2" />
  <rect x="4.5" y="10" width="15" height="10.5" rx="2.5" fill="currentColor" />
</svg>`;

export const CROSS = html`<svg viewBox="0 0 24 24" aria-hidden="true">
  <path
    d="M6 6l12 12M18 6L6 18"
    stroke="currentColor"
    stroke-width="2"
    stroke-linecap="round"
    fill="none"
  />
</svg>`;

/** @param direction to the left or to the right */
export const chevron = (direction: 'left' | 'right') =>
  html`<svg viewBox="0 0 24 24" aria-hidden="true">
    <path
      d=${direction === 'left' ? 'M15 5l-7 7 7 7' : 'M9 5l7 7-7 7'}
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      fill="none"
    />
  </svg>`;
