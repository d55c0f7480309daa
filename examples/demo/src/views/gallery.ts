/** Several photos: a grid of squares, and a drawer with one of them. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { shownPhotos, sizesOf, tilesOf, type Photo } from '../select.js';
import type { Deleted } from '../store.js';
import { chevron, closeMine, CROSS, modal, type View } from './parts.js';
import { photoView } from './photo.js';
import { styles } from './styles.js';

export function gridView(view: View): TemplateResult {
  const photos = tilesOf(view.state);
  return html`<ul class="grid" data-testid="grid" aria-label="Your photos">
    ${repeat(
      photos,
      ({ id }) => id,
      (tile) => ('gone' in tile ? goneView(tile.gone) : tileView(tile)),
    )}
  </ul>`;
}

/** The place of a photo that was deleted. */
function goneView({ name, answer }: Deleted): TemplateResult {
  const isGone = answer?.status === 404;
  return html`<li class="tile" data-testid="tile" data-state="gone">
    <span class="tile-text">${name}<br />${isGone ? 'deleted: 404' : 'deleted'}</span>
  </li>`;
}

const STATES = {
  waiting: 'waiting',
  uploading: 'uploading',
  processing: 'making sizes',
  ready: 'ready',
  failed: 'failed',
};

function tileView(photo: Photo): TemplateResult {
  const { id, name, state, progress, preview, record, message } = photo;
  // Squares are 170 to 230 pixels wide.
  const size = sizesOf(photo).find(({ width }) => width >= 400) ?? sizesOf(photo).at(-1);
  const src = state === 'ready' ? size?.url : preview;
  const color = record?.placeholder?.color ?? '';
  if (state === 'failed') {
    return html`<li class="tile" data-testid="tile" data-state="failed">
      <span class="tile-text">${name}<br />failed</span>
    </li>`;
  }
  return html`<li>
    <a
      class="tile"
      href="#photo/${id}"
      data-testid="tile"
      data-state=${state}
      aria-label="${name}, ${STATES[state]}"
      ${styles({ 'background-color': color })}
    >
      ${
        src === undefined
          ? html`<span class="tile-text" aria-hidden="true">${name}</span>`
          : html`<img src=${src} alt="" width="400" height="400" @error=${hide} />`
      }
      ${
        state === 'ready'
          ? nothing
          : html`<span class="tile-state" aria-hidden="true"
              >${
                state === 'uploading' && message === undefined
                  ? html`<progress max="1" value=${progress}></progress>`
                  : html`<span
                      >${message ?? (state === 'waiting' ? 'Waiting' : 'Making sizes')}</span
                    >`
              }</span
            >`
      }
    </a>
  </li>`;
}

/** The image is no longer there: it was deleted elsewhere. */
function hide(event: Event): void {
  (event.currentTarget as HTMLElement).hidden = true;
}

/** The photo of the hash, beside its neighbors. */
export function drawerView(view: View, photo: Photo): TemplateResult {
  const { state, actions } = view;
  const photos = shownPhotos(state);
  const index = photos.findIndex(({ id }) => id === photo.id);
  const onKey = (event: KeyboardEvent) => {
    const target = event.target as Element;
    // In groups of radio buttons and in text, arrow keys have a meaning of their own.
    if (target.closest('input, select, [role=tablist]')) return;
    if (event.key === 'ArrowLeft') actions.select(photo, -1);
    if (event.key === 'ArrowRight') actions.select(photo, 1);
  };
  return modal(
    { name: 'drawer', label: photo.name, onClose: leavePhoto },
    html`<div class="drawer-body" @keydown=${onKey}>
      <header class="dialog-head">
        <h2>${photo.name}</h2>
        <span class="note">${index + 1} of ${photos.length}</span>
        ${step(index <= 0, 'left', 'Previous photo', () => actions.select(photo, -1))}
        ${step(index >= photos.length - 1, 'right', 'Next photo', () => actions.select(photo, 1))}
        <button type="button" class="icon" aria-label="Close" autofocus @click=${closeMine}>
          ${CROSS}
        </button>
      </header>
      ${photoView(view, photo)}
    </div>`,
  );
}

function step(
  isDisabled: boolean,
  direction: 'left' | 'right',
  label: string,
  action: () => void,
): TemplateResult {
  return html`<button
    type="button"
    class="icon"
    aria-label=${label}
    ?disabled=${isDisabled}
    @click=${action}
  >
    ${chevron(direction)}
  </button>`;
}

/** The drawer has closed: removes the photo from the URL, without a new entry in the history. */
function leavePhoto(): void {
  if (!location.hash.startsWith('#photo/')) return;
  history.replaceState(null, '', location.pathname);
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}
