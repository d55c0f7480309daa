import { onAuthStateChanged, signInAnonymously, signOut, type User } from 'firebase/auth';
import { ImagesError, type Image } from 'storage-public-variants-client';
import { connect, type Backend } from './backend.js';
import { Card } from './card.js';
import { byId } from './dom.js';
import { errorText } from './format-text.js';
import './style.css';

/** Number of earlier photos to display after sign-in. */
const MAX_EARLIER_IMAGES = 3;

const status = byId('status', HTMLElement);
const signInButton = byId('sign-in', HTMLButtonElement);
const signOutButton = byId('sign-out', HTMLButtonElement);
const fields = byId('upload-fields', HTMLFieldSetElement);
const drop = byId('drop', HTMLLabelElement);
const dropHint = byId('drop-hint', HTMLElement);
const fileInput = byId('file', HTMLInputElement);
const images = byId('images', HTMLElement);

/** The uploads of a signed-in user; ends when the user signs out. */
class Session {
  readonly #backend: Backend;
  readonly #abort = new AbortController();
  /** Cards by image id. */
  readonly #cards = new Map<string, Card>();

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Uploads one photo and displays its progress and its variants. */
  async upload(file: File): Promise<void> {
    const { signal } = this.#abort;
    const card = new Card(this.#backend, file.name, 'uploading');
    images.prepend(card.element);
    const upload = this.#backend.images.upload(file, { signal });
    this.#cards.set(upload.id, card);
    upload.subscribe(() => {
      const { state, progress, image } = upload;
      if (state === 'uploading') card.uploaded(progress);
      if (state === 'processing') card.processing();
      if (image) card.show(image);
    });
    try {
      await upload.ready;
    } catch (error) {
      // A failed image has a card of its own.
      if (upload.image?.state !== 'failed') this.#fail(card, 'Upload failed', error);
    }
  }

  /** Displays the user's latest photos from earlier sessions. */
  showEarlier(): void {
    const stop = this.#backend.images.watchAll((latest) => this.#showLatest(latest), {
      limit: MAX_EARLIER_IMAGES,
      error: (error) => {
        status.textContent += ` Earlier photos could not be loaded: ${error.message}`;
      },
    });
    this.#abort.signal.addEventListener('abort', stop);
  }

  /** Cancels uploads and removes all cards. */
  end(): void {
    this.#abort.abort();
    images.replaceChildren();
  }

  #showLatest(latest: Image[]): void {
    for (const image of latest) {
      if (this.#abort.signal.aborted || this.#cards.has(image.id)) continue;
      const card = new Card(this.#backend, `Earlier photo ${image.id}`, image.state);
      this.#cards.set(image.id, card);
      images.append(card.element);
      card.show(image);
      if (image.state === 'processing') {
        const { signal } = this.#abort;
        const options = { signal, onUpdate: (update: Image) => card.show(update) };
        this.#backend.images.waitFor(image.id, options).catch((error: unknown) => {
          if (!(error instanceof ImagesError && error.code === 'failed')) {
            this.#fail(card, 'Error', error);
          }
        });
      }
    }
  }

  #fail(card: Card, label: string, error: unknown): void {
    // The card was removed when the user signed out.
    if (!this.#abort.signal.aborted) card.fail(label, error);
  }
}

let session: Session | undefined;

function showUser(backend: Backend, user: User | null): void {
  session?.end();
  session = user ? new Session(backend) : undefined;
  status.textContent = user
    ? `Signed in as ${user.uid} on ${backend.label}.`
    : `Not signed in. Connected to ${backend.label}.`;
  signInButton.hidden = Boolean(user);
  signOutButton.hidden = !user;
  fields.disabled = !user;
  dropHint.textContent = user ? 'or drop it here' : 'Sign in to upload.';
  session?.showEarlier();
}

function uploadAll(files: FileList | undefined | null): void {
  for (const file of files ?? []) void session?.upload(file);
}

function listen(backend: Backend): void {
  onAuthStateChanged(backend.auth, (user) => showUser(backend, user));
  const report = (error: unknown) => (status.textContent = errorText(error));
  signInButton.addEventListener('click', () => {
    status.textContent = 'Signing in…';
    signInAnonymously(backend.auth).then(() => fileInput.focus(), report);
  });
  signOutButton.addEventListener('click', () => {
    signOut(backend.auth).then(() => signInButton.focus(), report);
  });
  fileInput.addEventListener('change', () => {
    uploadAll(fileInput.files);
    // Without this, choosing the same file again fires no event.
    fileInput.value = '';
  });
  // By default, the browser opens a file that is dropped outside the drop zone.
  for (const type of ['dragover', 'drop']) {
    window.addEventListener(type, (event) => event.preventDefault());
  }
  drop.addEventListener('dragover', () => drop.toggleAttribute('data-over', !fields.disabled));
  drop.addEventListener('dragleave', () => drop.removeAttribute('data-over'));
  drop.addEventListener('drop', (event) => {
    drop.removeAttribute('data-over');
    uploadAll(event.dataTransfer?.files);
  });
}

connect().then(listen, (error: unknown) => {
  status.textContent = `This page cannot start: ${errorText(error)}`;
});
