import { onAuthStateChanged, signInAnonymously, signOut, type User } from 'firebase/auth';
import { collection, getDocs, limit, orderBy, query } from 'firebase/firestore/lite';
import {
  newImageId,
  uploadOriginal,
  waitForImage,
  type ClientImageRecord,
} from 'storage-public-variants-client';
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
  readonly #uid: string;
  readonly #abort = new AbortController();
  /** Ids of the images that have a card. */
  readonly #displayed = new Set<string>();

  constructor(backend: Backend, uid: string) {
    this.#backend = backend;
    this.#uid = uid;
  }

  /** Uploads one photo and displays its progress and its variants. */
  async upload(file: File): Promise<void> {
    const { storage } = this.#backend;
    const card = new Card(this.#backend, file.name, 'uploading');
    const imageId = newImageId();
    this.#displayed.add(imageId);
    images.prepend(card.element);
    try {
      const { generation } = await uploadOriginal(storage, {
        uid: this.#uid,
        imageId,
        data: file,
        contentType: file.type || 'application/octet-stream',
        onProgress: (fraction) => card.uploaded(fraction),
        signal: this.#abort.signal,
      });
      card.processing();
      await this.#waitFor(card, imageId, generation);
    } catch (error) {
      this.#fail(card, 'Upload failed', error);
    }
  }

  /** Displays the user's latest photos from earlier sessions. */
  async showEarlier(): Promise<void> {
    const { firestore } = this.#backend;
    const records = collection(firestore, 'users', this.#uid, 'images');
    const latest = query(records, orderBy('createdAt', 'desc'), limit(MAX_EARLIER_IMAGES));
    const { docs } = await getDocs(latest);
    for (const snapshot of docs) {
      const { id } = snapshot;
      if (this.#abort.signal.aborted || this.#displayed.has(id)) continue;
      this.#displayed.add(id);
      const record = snapshot.data() as ClientImageRecord;
      const card = new Card(this.#backend, `Earlier photo ${id}`, record.state);
      images.append(card.element);
      card.show(record);
      if (record.state === 'processing') {
        void this.#waitFor(card, id, record.original.generation);
      }
    }
  }

  /** Cancels uploads and removes all cards. */
  end(): void {
    this.#abort.abort();
    images.replaceChildren();
  }

  async #waitFor(card: Card, imageId: string, generation: string): Promise<void> {
    try {
      await waitForImage(this.#backend.firestore, {
        uid: this.#uid,
        imageId,
        generation,
        onUpdate: (record) => card.show(record),
        signal: this.#abort.signal,
      });
    } catch (error) {
      this.#fail(card, 'Error', error);
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
  session = user ? new Session(backend, user.uid) : undefined;
  status.textContent = user
    ? `Signed in as ${user.uid} on ${backend.label}.`
    : `Not signed in. Connected to ${backend.label}.`;
  signInButton.hidden = Boolean(user);
  signOutButton.hidden = !user;
  fields.disabled = !user;
  dropHint.textContent = user ? 'or drop it here' : 'Sign in to upload.';
  const started = session;
  started?.showEarlier().catch((error: unknown) => {
    if (started !== session) return;
    status.textContent += ` Earlier photos could not be loaded: ${errorText(error)}`;
  });
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
