/** The links of a photo, and how a stranger sees one. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { variantUrl, type Share } from 'storage-public-variants-client';
import { BASE_URL } from '../config.js';
import { secondsUntil, shortTime } from '../format-text.js';
import { sharesOf, variantOf, type Photo } from '../select.js';
import { copyButton, CROSS, type View } from './parts.js';

export function linksView(view: View, photo: Photo): TemplateResult {
  const { state, actions } = view;
  const shares = sharesOf(state, photo.id);
  return html`<section class="card links" aria-label="Links">
    <header>
      <h2>Links</h2>
      <button
        type="button"
        class="quiet"
        data-testid="new-link"
        ?disabled=${photo.state !== 'ready'}
        @click=${() => actions.open({ kind: 'share', photoId: photo.id })}
      >
        New link
      </button>
    </header>
    ${
      shares.length === 0
        ? html`<p class="note">A link of its own for each person, to be revoked alone.</p>`
        : html`<ul tabindex="0" aria-label="Links">
            ${repeat(
              shares,
              ({ id }) => id,
              (share) => shareView(view, photo, share),
            )}
          </ul>`
    }
    ${
      state.stranger && shares.some(({ id }) => id === state.stranger?.shareId)
        ? strangerView(view, photo)
        : nothing
    }
  </section>`;
}

function shareView(view: View, photo: Photo, share: Share): TemplateResult {
  const { state, actions } = view;
  const { label = 'Link', token, variants, expiresAt } = share;
  const isOver = expiresAt !== undefined && Number(expiresAt) <= state.now;
  const isActive = share.state === 'active' && !isOver;
  const url = token && variantUrl(BASE_URL, token, variantOf(state, photo, share));
  return html`<li data-testid="share" data-state=${isActive ? 'active' : 'ended'}>
    <p>
      <b>${label}</b>
      <span class="note">${isActive ? activeText(expiresAt, variants) : endText(view, share)}</span>
    </p>
    ${
      isActive && url
        ? html`<div class="row">
            <code class="visually-hidden">${url}</code>
            ${copyButton(view, `the link for ${label}`, url, 'code')}
            <button
              type="button"
              class="quiet"
              data-testid="open-link"
              aria-label="Open the link for ${label} as a stranger"
              @click=${() => void actions.openAsStranger(share, photo)}
            >
              Open
            </button>
            <button
              type="button"
              class="quiet danger"
              data-testid="revoke"
              aria-label="Revoke the link for ${label}"
              @click=${() => actions.open({ kind: 'revoke', share })}
            >
              Revoke
            </button>
          </div>`
        : nothing
    }
  </li>`;
}

function activeText(expiresAt: Date | undefined, variants: readonly string[] | undefined): string {
  return `${variants?.join(', ') ?? 'all sizes'}, ${expiresAt ? `until ${shortTime(expiresAt)}` : 'without an end'}`;
}

/** What is left of the time in which caches may still answer. */
function endText({ state }: View, { state: shareState, deadBy }: Share): string {
  if (shareState === 'active') return 'ended';
  const seconds = deadBy === undefined ? 0 : secondsUntil(deadBy, state.now);
  return seconds > 0 ? `revoked, dead everywhere in ${seconds} s` : 'revoked, dead everywhere';
}

/** A window of a visitor who has only the link. */
function strangerView(view: View, photo: Photo): TemplateResult {
  const { state, actions } = view;
  const { stranger } = state;
  if (!stranger) return html``;
  const share = state.shares.find(({ id }) => id === stranger.shareId);
  const status = stranger.answer?.status;
  const left =
    share?.state === 'revoked' && share.deadBy ? secondsUntil(share.deadBy, state.now) : undefined;
  return html`<section
    class="stranger"
    data-testid="stranger"
    data-status=${status ?? 'pending'}
    aria-label="A stranger's browser"
  >
    <header>
      <span class="dots" aria-hidden="true"></span>
      <code>${stranger.url.replace(/^https?:\/\//, '')}</code>
      <button type="button" class="icon" aria-label="Close" @click=${actions.closeStranger}>
        ${CROSS}
      </button>
    </header>
    <div class="sight">
      ${
        status === 200 && stranger.image
          ? html`<img src=${stranger.image} alt="What a stranger sees of ${photo.name}" />`
          : html`<p class="code">${status === undefined ? '' : status || 'No answer'}</p>`
      }
    </div>
    <p class="note">
      ${
        status === 404
          ? 'Gone, as if it had never been there.'
          : left === undefined
            ? 'Not signed in. Only this link.'
            : `Revoked. Caches forget it in ${left} s.`
      }
    </p>
  </section>`;
}
