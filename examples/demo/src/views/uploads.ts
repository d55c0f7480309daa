/** Messages about uploads that failed, and photos that were deleted. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { secondsUntil } from '../format-text.js';
import { failedPhotos, type Photo } from '../select.js';
import type { Deleted } from '../store.js';
import { CROSS, type View } from './parts.js';

export function messagesView(view: View): TemplateResult {
  const { state, actions } = view;
  // They are about the page with the photos.
  const isHere = state.page === 'photos';
  const failed = isHere ? failedPhotos(state) : [];
  const deleted = (isHere ? state.deleted : []).filter(({ isHidden }) => !isHidden);
  return html`<section
    class="messages"
    aria-label="Messages"
    tabindex=${failed.length + deleted.length > 0 ? 0 : nothing}
  >
    ${
      state.problem === undefined
        ? nothing
        : html`<div class="message" data-testid="problem" role="alert">
            <p>${state.problem}</p>
            <button type="button" class="icon" aria-label="Close" @click=${actions.closeProblem}>
              ${CROSS}
            </button>
          </div>`
    }
    ${repeat(
      failed,
      ({ id }) => id,
      (photo) => failedView(view, photo),
    )}
    ${repeat(
      deleted,
      ({ id }) => id,
      (photo) => deletedView(view, photo),
    )}
  </section>`;
}

/** What failed, why, and the one thing to do. */
function failedView({ actions }: View, photo: Photo): TemplateResult {
  const { entry, name, message = 'It failed.' } = photo;
  const canRetry = entry?.upload?.error?.retryable === true;
  return html`<div class="message bad" data-testid="failed">
    <p>${message.includes(name) ? nothing : html`<b>${name}</b>`} ${message}</p>
    ${
      canRetry
        ? html`<button type="button" data-testid="retry" @click=${() => actions.retry(photo)}>
            Try again
          </button>`
        : html`<button
            type="button"
            data-testid="choose-another"
            @click=${() =>
              actions.chooseAnother(photo, document.querySelector<HTMLInputElement>('#file'))}
          >
            Choose another
          </button>`
    }
    <button
      type="button"
      class="icon"
      data-testid="discard"
      aria-label="Discard ${name}"
      @click=${() => void actions.discard(photo)}
    >
      ${CROSS}
    </button>
  </div>`;
}

function deletedView({ state, actions }: View, photo: Deleted): TemplateResult {
  const isGone = photo.answer?.status === 404;
  const bound = state.config?.revocationSeconds;
  const seconds = bound === undefined ? 0 : secondsUntil(photo.at + bound * 1000, state.now);
  const text = isGone
    ? 'Deleted. Its URLs answer 404.'
    : seconds > 0
      ? `Deleted. Its URLs answer 404 in ${seconds} s.`
      : 'Deleted. Asking its URL until it answers 404…';
  return html`<div
    class="message"
    data-testid="deleted"
    data-status=${photo.answer?.status ?? 'pending'}
  >
    <p><b>${photo.name}</b> ${text}</p>
    <button
      type="button"
      class="icon"
      aria-label="Close the message about ${photo.name}"
      @click=${() => actions.forget(photo.id)}
    >
      ${CROSS}
    </button>
  </div>`;
}
