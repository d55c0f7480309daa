/** The whole page. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { currentPhoto, isLoading, tilesOf } from '../select.js';
import { drawerView, gridView } from './gallery.js';
import { photoView } from './photo.js';
import type { View } from './parts.js';
import { dialogView } from './share-dialog.js';
import { messagesView } from './uploads.js';

/** @param attack the content of the second page, once it is loaded */
export function pageView(view: View, attack: TemplateResult | undefined): TemplateResult {
  const { state } = view;
  const isAttack = state.page === 'attack';
  return html`<header class="top">
      <h1>
        <a href="#">Private originals. <span>Public sizes.</span></a>
      </h1>
      <a class="nav" href=${isAttack ? '#' : '#attack'} data-testid="nav"
        >${isAttack ? 'Photos' : 'Attack it'}</a
      >
      ${isAttack ? nothing : uploadView(view)}
    </header>
    <main>${isAttack ? attack : photosView(view)}</main>
    ${messagesView(view)} ${dialogView(view)}
    ${state.isDragging ? html`<div class="drop" aria-hidden="true">Drop to upload</div>` : nothing}`;
}

function photosView(view: View): TemplateResult {
  const { state } = view;
  if (state.fatal !== undefined) {
    return html`<p class="card fatal" role="alert">This page cannot start: ${state.fatal}</p>`;
  }
  const current = currentPhoto(state);
  if (tilesOf(state).length > 1) {
    const open = state.openPhoto === undefined ? undefined : current;
    return html`${gridView(view)} ${open ? drawerView(view, open) : nothing}`;
  }
  if (current) return photoView(view, current);
  return html`<div class="photo">
    <div class="side"><div class="card original"></div></div>
    <div class="card public">
      <div class="stage"></div>
      <div class="under">
        ${isLoading(state) ? nothing : html`<p class="note">Choose your first photo.</p>`}
      </div>
    </div>
  </div>`;
}

function uploadView({ actions }: View): TemplateResult {
  const changed = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    void actions.upload(input.files ?? []);
    // Without this, choosing the same file again fires no event.
    input.value = '';
  };
  return html`<div class="choose">
    <span class="note hint">or drop them anywhere</span>
    <label class="button" for="file">
      Choose photos
      <input
        id="file"
        class="visually-hidden"
        type="file"
        accept="image/*,.heic,.heif"
        multiple
        data-testid="file-input"
        @change=${changed}
      />
    </label>
  </div>`;
}
