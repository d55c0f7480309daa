/** The dialogs that make a link, revoke one, and delete a photo. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { Share } from 'storage-public-variants-client';
import { pixelSize } from '../format-text.js';
import { photoById, SAMPLE_ID, sizesOf, type Photo } from '../select.js';
import { closeMine, dialogHead, modal, workError, type View } from './parts.js';
import { useView } from './use-it.js';

/** The dialog that is open, if any. */
export function dialogView(view: View): TemplateResult | typeof nothing {
  const { state, actions } = view;
  const { dialog } = state;
  if (!dialog) return nothing;
  const onClose = actions.closeDialog;
  if (dialog.kind === 'revoke') {
    const label = `Revoke the link for ${dialog.share.label ?? 'everyone'}?`;
    return modal({ name: 'confirm', label, onClose }, revokeView(view, label, dialog.share));
  }
  const photo = photoById(state, dialog.photoId);
  if (!photo) return nothing;
  switch (dialog.kind) {
    case 'share':
      return modal({ name: 'share-dialog', label: 'New link', onClose }, shareForm(view, photo));
    case 'delete': {
      const label = `Delete ${photo.name}?`;
      return modal({ name: 'confirm', label, onClose }, deleteView(view, label, photo));
    }
    case 'use':
      return modal({ name: 'use-dialog', label: 'Use it', onClose }, useView(view, photo));
  }
}

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Seconds from now until tomorrow at 18:00. */
function untilTomorrowEvening(): number {
  const end = new Date();
  end.setDate(end.getDate() + 1);
  end.setHours(18, 0, 0, 0);
  return Math.round((end.getTime() - Date.now()) / 1000);
}

const ENDS: readonly [value: string, text: string, seconds: () => number | null][] = [
  ['hour', 'in an hour', () => HOUR],
  ['tomorrow', 'tomorrow at 18:00', untilTomorrowEvening],
  ['week', 'in a week', () => 7 * DAY],
  ['never', 'never', () => null],
];

function shareForm(view: View, photo: Photo): TemplateResult {
  const { actions, state } = view;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const end = ENDS.find(([value]) => value === data.get('end'));
    const label = data.get('label') as string;
    const variants = data.getAll('variant').map(String);
    void actions.share(photo, label.trim(), end?.[2]() ?? null, variants);
  };
  return html`${dialogHead('New link')}
    <form @submit=${submit}>
      <label>For whom <input name="label" maxlength="80" autocomplete="off" autofocus /></label>
      <label>
        Ends
        <select name="end">
          ${ENDS.map(
            ([value, text]) =>
              html`<option value=${value} ?selected=${value === 'tomorrow'}>${text}</option>`,
          )}
        </select>
      </label>
      <fieldset class="checks">
        <legend>Sizes</legend>
        ${sizesOf(photo).map(
          (size) =>
            html`<label
              ><input
                type="checkbox"
                name="variant"
                value=${size.name}
                ?checked=${size.name === 'w800'}
              />${size.name} <span class="note">${pixelSize(size)}</span></label
            >`,
        )}
      </fieldset>
      ${workError(view)} ${buttons(state.work?.isRunning === true, 'Make the link', 'submit')}
    </form>`;
}

function buttons(
  isRunning: boolean,
  text: string,
  type: 'submit' | 'button',
  action?: () => void,
): TemplateResult {
  return html`<footer>
    <button type="button" class="quiet" @click=${closeMine}>Cancel</button>
    <button
      type=${type}
      class=${type === 'submit' ? '' : 'danger'}
      data-testid="do"
      ?disabled=${isRunning}
      @click=${action ?? nothing}
    >
      ${text}
    </button>
  </footer>`;
}

function revokeView(view: View, label: string, share: Share): TemplateResult {
  const { state, actions } = view;
  return html`${dialogHead(label)}
    <p>Its URL will answer 404 for everyone.</p>
    ${workError(view)}
    ${buttons(state.work?.isRunning === true, 'Revoke', 'button', () => void actions.revoke(share))}`;
}

function deleteView(view: View, label: string, photo: Photo): TemplateResult {
  const { state, actions } = view;
  return html`${dialogHead(label)}
    <p>The original, its sizes and its links will be deleted. All of its URLs will answer 404.</p>
    ${workError(view)}
    ${buttons(state.work?.isRunning === true, 'Delete', 'button', () => {
      if (photo.id !== SAMPLE_ID) void actions.remove(photo);
    })}`;
}
