/** One photo: its original, which is locked, and its public sizes. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { keyed } from 'lit-html/directives/keyed.js';
import { picture, placeholderUrl } from 'storage-public-variants-client';
import { BASE_URL } from '../config.js';
import { byteSize, formatName, pixelSize, timesSmaller } from '../format-text.js';
import { chosenSize, SAMPLE_ID, sizesOf, type Photo, type Size } from '../select.js';
import { linksView } from './links.js';
import { copyButton, LOCK, type View } from './parts.js';
import { styles } from './styles.js';

/** Both cards, and the links of a photo of the user. */
export function photoView(view: View, photo: Photo): TemplateResult {
  const isSample = photo.id === SAMPLE_ID;
  const article = html`<article
    class="photo"
    data-testid="photo"
    data-state=${photo.state}
    aria-label=${photo.name}
  >
    <div class="side">
      ${originalView(view, photo)} ${isSample ? nothing : linksView(view, photo)}
    </div>
    ${publicView(view, photo)}
  </article>`;
  // Elements of its own, so that those of another photo do not move.
  return html`${keyed(photo.id, article)}`;
}

function backgroundOf({ record }: Photo) {
  const { placeholder } = record ?? {};
  return placeholder
    ? {
        'background-color': placeholder.color,
        'background-image': `url("${placeholderUrl(placeholder.thumbhash)}")`,
      }
    : { 'background-color': '', 'background-image': '' };
}

function originalView({ state }: View, photo: Photo): TemplateResult {
  const { original } = photo;
  const answer = original && state.answers.get(original.url);
  const { width, height, bytes } = original ?? {};
  const facts = [
    ...(width && height ? [pixelSize({ width, height })] : []),
    ...(bytes === undefined ? [] : [byteSize(bytes)]),
  ];
  return html`<section
    class="card original"
    data-testid="original"
    data-status=${answer?.status ?? 'pending'}
    aria-label="Original"
    ${styles(backgroundOf(photo))}
  >
    <div class="veil">
      ${LOCK}
      <h2>Original</h2>
      ${originalAnswer(original?.url, answer?.status)}
      <p>${facts.join(' · ') || ' '}</p>
    </div>
  </section>`;
}

/** The answer that strangers get, as a link to it. */
function originalAnswer(url: string | undefined, status: number | undefined) {
  if (url === undefined || status === undefined) return html`<p class="answer"></p>`;
  if (status === 0) {
    return html`<p class="answer">It could not be asked for from here:</p>
      <code class="curl">curl -I '${url}'</code>`;
  }
  const isLocked = status === 401 || status === 403;
  const text = isLocked ? `${status} for strangers` : `Warning: ${status} for strangers`;
  return html`<p class="answer" data-kind=${isLocked ? 'good' : 'bad'}>
    <a href=${url} target="_blank" rel="noopener">${text}</a>
  </p>`;
}

function publicView(view: View, photo: Photo): TemplateResult {
  const chosen = chosenSize(view.state, photo);
  return html`<section class="card public" aria-label="Public">
    ${stageView(photo)}
    <div class="under">
      <div class="line">
        <h2>Public</h2>
        <p class="received" data-testid="received">${receivedText(view, photo, chosen)}</p>
        ${chosen ? sizesView(view, photo, chosen) : nothing}
      </div>
      ${chosen ? urlLine(view, photo, chosen.url) : nothing}
    </div>
  </section>`;
}

/** The URL of the chosen size, and what can be done. */
function urlLine(view: View, { id }: Photo, url: string): TemplateResult {
  const { open } = view.actions;
  return html`<div class="line">
    <code class="url" data-testid="url">${url}</code> ${copyButton(view, 'URL', url, 'code')}
    <button
      type="button"
      class="quiet"
      data-testid="use"
      @click=${() => open({ kind: 'use', photoId: id })}
    >
      Use it
    </button>
    ${
      id === SAMPLE_ID
        ? nothing
        : html`<button
            type="button"
            class="quiet danger"
            data-testid="delete"
            @click=${() => open({ kind: 'delete', photoId: id })}
          >
            Delete
          </button>`
    }
  </div>`;
}

/** The picture; before that its placeholder or the file itself, with what is being done. */
function stageView(photo: Photo): TemplateResult {
  const { original, preview, record, state, name } = photo;
  const sizes = sizesOf(photo).filter(({ cropped, width, height }) => !cropped || width === height);
  const largest = sizes.at(-1);
  const { width = 16, height = 9 } = largest ?? original ?? {};
  const isSample = photo.id === SAMPLE_ID;
  return html`<div
    class="stage ${isSample ? 'sample' : ''}"
    data-testid="stage"
    ${styles(backgroundOf(photo))}
  >
    <div class="fit" ${styles({ '--ratio': String(width / height) })}>
      ${
        record && state === 'ready'
          ? html`${pictureView(photo, isSample ? 'Dandelions at sunset' : name)}
            ${isSample ? nothing : framesView(sizes)}`
          : preview
            ? html`<img class="preview" data-testid="preview" src=${preview} alt="" />`
            : nothing
      }
    </div>
    ${state === 'ready' ? nothing : progressView(photo)}
  </div>`;
}

function pictureView({ record }: Photo, alt: string): TemplateResult {
  const options = { alt, sizes: '(max-width: 900px) 100vw, 880px', loading: 'eager' } as const;
  const found = record && picture(BASE_URL, record, options);
  if (!found) return html``;
  const { sources, img } = found;
  return html`<picture>
    ${sources.map(
      ({ type, srcset, sizes }) => html`<source type=${type} srcset=${srcset} sizes=${sizes} />`,
    )}
    <img
      class="main"
      data-testid="picture"
      sizes=${img.sizes}
      srcset=${img.srcset}
      src=${img.src}
      width=${img.width}
      height=${img.height}
      alt=${img.alt}
      fetchpriority="high"
    />
  </picture>`;
}

/** Each size inside the next one, all to one scale; the widest is the picture itself. */
function framesView(sizes: Size[]): TemplateResult {
  const largest = sizes.at(-1)?.width ?? 1;
  return html`<div class="frames" aria-hidden="true">
    ${[...sizes].reverse().map(({ name, width, height, url }) => {
      const style = {
        width: `${(width / largest) * 100}%`,
        'aspect-ratio': `${width} / ${height}`,
      };
      return html`<div class="frame" data-testid="frame" data-name=${name} ${styles(style)}>
        ${width === largest ? nothing : html`<img src=${url} alt="" width=${width} height=${height} />`}
        <span>${width}</span>
      </div>`;
    })}
  </div>`;
}

function progressView({ state, progress, name, message }: Photo): TemplateResult {
  const isSending = state === 'uploading';
  const text = isSending ? `${Math.round(progress * 100)} %` : 'Making sizes…';
  return html`<label class="progress" data-testid="progress">
    <b>${name}</b>
    <span>${message ?? (state === 'waiting' ? 'Waiting…' : text)}</span>
    <progress max="1" value=${isSending ? progress : nothing}></progress>
  </label>`;
}

function receivedText({ state }: View, { original, message }: Photo, size: Size | undefined) {
  if (!size) return message ?? '';
  const answer = state.answers.get(size.url);
  if (!answer) return pixelSize(size);
  if (answer.status !== 200) return `${answer.status || 'No answer'}`;
  const { bytes = 0, contentType = '' } = answer;
  const smaller = original?.bytes === undefined ? undefined : timesSmaller(original.bytes, bytes);
  return html`${pixelSize(size)} · ${formatName(contentType)} · ${byteSize(bytes)}
  ${smaller ? html`<b>${smaller}</b>` : nothing}`;
}

function sizesView({ actions }: View, photo: Photo, chosen: Size): TemplateResult {
  return html`<fieldset class="sizes">
    <legend class="visually-hidden">Size</legend>
    ${sizesOf(photo).map(
      ({ name }) =>
        html`<label
          ><input
            type="radio"
            name="size-${photo.id}"
            value=${name}
            .checked=${name === chosen.name}
            @change=${() => actions.chooseSize(name)}
          /><span>${name}</span></label
        >`,
    )}
  </fieldset>`;
}
