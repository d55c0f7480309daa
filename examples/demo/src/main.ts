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
import './style.css';
import { sentenceFor } from './words.js';

/** How many earlier photos are shown after signing in. */
const EARLIER_IMAGES = 3;

const status = byId('status', HTMLElement);
const signInButton = byId('sign-in', HTMLButtonElement);
const signOutButton = byId('sign-out', HTMLButtonElement);
const fields = byId('upload-fields', HTMLFieldSetElement);
const drop = byId('drop', HTMLLabelElement);
const dropHint = byId('drop-hint', HTMLElement);
const fileInput = byId('file', HTMLInputElement);
const images = byId('images', HTMLElement);

/** What a signed-in user has going on; ends when the user signs out. */
class Session {
  readonly #backend: Backend;
  readonly #uid: string;
  readonly #end = new AbortController();
  readonly #shown = new Set<string>();

  constructor(backend: Backend, uid: string) {
    this.#backend = backend;
    this.#uid = uid;
  }

  /** Uploads one photo and shows what becomes of it. */
  async upload(file: File): Promise<void> {
    const { storage } = this.#backend;
    const card = new Card(this.#backend, file.name, 'uploading');
    const imageId = newImageId();
    this.#shown.add(imageId);
    images.prepend(card.element);
    try {
      const { generation } = await uploadOriginal(storage, {
        uid: this.#uid,
        imageId,
        data: file,
        contentType: file.type || 'application/octet-stream',
        onProgress: (fraction) => card.uploaded(fraction),
        signal: this.#end.signal,
      });
      card.processing();
      await this.#follow(card, imageId, generation);
    } catch (error) {
      this.#fail(card, 'Not uploaded', error);
    }
  }

  /** Shows the owner's latest photos of earlier visits. */
  async showEarlier(): Promise<void> {
    const { firestore } = this.#backend;
    const records = collection(firestore, 'users', this.#uid, 'images');
    const latest = query(records, orderBy('createdAt', 'desc'), limit(EARLIER_IMAGES));
    const { docs } = await getDocs(latest);
    for (const snapshot of docs) {
      const { id } = snapshot;
      if (this.#end.signal.aborted || this.#shown.has(id)) continue;
      this.#shown.add(id);
      const record = snapshot.data() as ClientImageRecord;
      const card = new Card(this.#backend, `Earlier photo ${id}`, record.state);
      images.append(card.element);
      card.show(record);
      if (record.state === 'processing') {
        void this.#follow(card, id, record.original.generation);
      }
    }
  }

  /** Ends all that is under way. */
  end(): void {
    this.#end.abort();
    images.replaceChildren();
  }

  async #follow(card: Card, imageId: string, generation: string): Promise<void> {
    try {
      await waitForImage(this.#backend.firestore, {
        uid: this.#uid,
        imageId,
        generation,
        onUpdate: (record) => card.show(record),
        signal: this.#end.signal,
      });
    } catch (error) {
      this.#fail(card, 'No answer', error);
    }
  }

  #fail(card: Card, what: string, error: unknown): void {
    // After signing out nobody looks at the card any more.
    if (!this.#end.signal.aborted) card.fail(what, error);
  }
}

let session: Session | undefined;

function showUser(backend: Backend, user: User | null): void {
  session?.end();
  session = user ? new Session(backend, user.uid) : undefined;
  status.textContent = user
    ? `Signed in as ${user.uid} on ${backend.label}.`
    : `Not signed in on ${backend.label}.`;
  signInButton.hidden = Boolean(user);
  signOutButton.hidden = !user;
  fields.disabled = !user;
  dropHint.textContent = user ? 'or drop it here' : 'Sign in first.';
  const shown = session;
  shown?.showEarlier().catch((error: unknown) => {
    if (shown !== session) return;
    status.textContent += ` Earlier photos could not be listed: ${sentenceFor(error)}`;
  });
}

function uploadAll(files: FileList | undefined | null): void {
  for (const file of files ?? []) void session?.upload(file);
}

function listen(backend: Backend): void {
  onAuthStateChanged(backend.auth, (user) => showUser(backend, user));
  const report = (error: unknown) => (status.textContent = sentenceFor(error));
  signInButton.addEventListener('click', () => {
    status.textContent = 'Signing in…';
    signInAnonymously(backend.auth).then(() => fileInput.focus(), report);
  });
  signOutButton.addEventListener('click', () => {
    signOut(backend.auth).then(() => signInButton.focus(), report);
  });
  fileInput.addEventListener('change', () => {
    uploadAll(fileInput.files);
    // So that the same file can be chosen again.
    fileInput.value = '';
  });
  // A photo that misses the zone must not replace the page.
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
  status.textContent = `This page cannot start: ${sentenceFor(error)}`;
});
