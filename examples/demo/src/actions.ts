/** What the user does. Each action changes the state; none throws. */
import { imageType, newImageId, type Share } from 'storage-public-variants-client';
import type { Firebase } from './firebase.js';
import { errorText } from './format-text.js';
import { rememberName, rememberSignedIn } from './names.js';
import { askImage, askStatus } from './probe.js';
import { photosOf, shownPhotos, sizesOf, tilesOf, variantOf, type Photo } from './select.js';
import type { Dialog, Store, UploadEntry } from './store.js';

/** How long a button shows "Copied", milliseconds. */
const COPIED_MS = 2000;
const SECOND_MS = 1000;
/** The limit of storage.rules. */
const MAX_BYTES = 25 * 1024 * 1024;

export type Actions = ReturnType<typeof openActions>;

/** @param loadFirebase resolves once Firebase is loaded and connected */
export function openActions(store: Store, loadFirebase: () => Promise<Firebase>) {
  const update = store.update.bind(store);
  let announcer: HTMLElement | null = null;
  let watchedUid: string | undefined;
  let copiedTimer: ReturnType<typeof setTimeout> | undefined;

  /** Announces a text to screen readers. */
  function announce(text: string): void {
    announcer ??= document.getElementById('announcer');
    if (!announcer) return;
    // A live region announces only changes, so repeated text needs an empty value in between.
    announcer.textContent = '';
    requestAnimationFrame(() => announcer && (announcer.textContent = text));
  }

  function showProblem(error: unknown): void {
    update({ problem: errorText(error) });
  }

  /** Watches the photos and links of a user. */
  function watchUser({ images }: Firebase, uid: string | undefined): void {
    update({ uid: uid ?? null });
    rememberSignedIn(uid !== undefined);
    if (uid === undefined || uid === watchedUid) return;
    watchedUid = uid;
    images.watchAll((list) => update({ images: list, now: Date.now() }), { error: showProblem });
    images.shares.watch((shares) => update({ shares, now: Date.now() }), { error: showProblem });
  }

  async function upload(files: Iterable<File>): Promise<void> {
    // The field is emptied, which empties its list of files too.
    const list = [...files];
    const types = await Promise.all(list.map(imageType));
    const chosen = list.map((file, index) => {
      const id = newImageId();
      rememberName(id, file.name);
      const isPhoto = types[index] !== undefined && file.size <= MAX_BYTES;
      return { file, entry: { id, name: file.name, isPhoto } };
    });
    const ids = new Set(chosen.map(({ entry }) => entry.id));
    const [first] = chosen;
    if (!first) return;
    update(({ uploads }) => ({
      problem: undefined,
      uploads: [...uploads, ...chosen.map(({ entry }) => entry)],
    }));
    for (const { file, entry } of chosen) if (entry.isPhoto) showPreview(entry.id, file);
    announce(
      chosen.length === 1 ? `Uploading ${first.file.name}` : `Uploading ${chosen.length} photos`,
    );
    try {
      const firebase = await loadFirebase();
      await firebase.signIn();
      for (const { file, entry } of chosen) send(firebase, file, entry);
    } catch (error) {
      update(({ uploads }) => ({ uploads: uploads.filter(({ id }) => !ids.has(id)) }));
      showProblem(error);
    }
  }

  /** Shows a file as soon as the browser can: only Safari can decode HEIC, for example. */
  function showPreview(id: string, file: File): void {
    const image = new Image();
    const url = URL.createObjectURL(file);
    image.onload = () => {
      const entry = store.state.uploads.find((one) => one.id === id);
      if (entry === undefined || isOver(entry)) URL.revokeObjectURL(url);
      else changeUpload(id, { preview: url });
    };
    image.onerror = () => URL.revokeObjectURL(url);
    image.src = url;
  }

  function changeUpload(id: string, fields: Partial<UploadEntry>): void {
    update(({ uploads }) => ({
      uploads: uploads.map((one) => (one.id === id ? { ...one, ...fields } : one)),
    }));
  }

  function send({ images }: Firebase, file: File, { id }: UploadEntry): void {
    const upload = images.upload(file, { id });
    changeUpload(id, { upload });
    let last = '';
    upload.subscribe(() => {
      const { state, message } = upload;
      const entry = store.state.uploads.find((one) => one.id === id);
      if (isOver({ upload }) && entry?.preview) URL.revokeObjectURL(entry.preview);
      changeUpload(id, {
        ...(isOver({ upload }) && { preview: undefined }),
        ...(state === 'failed' && { failedAt: Date.now() }),
      });
      if (state === last) return;
      last = state;
      if (state === 'ready') announce(`${file.name}: ready`);
      if (state === 'failed') announce(message ?? `${file.name}: failed`);
    });
  }

  /** Runs what a dialog is for, and closes it. */
  async function work(task: (firebase: Firebase) => Promise<void>): Promise<void> {
    update({ work: { isRunning: true } });
    try {
      await task(await loadFirebase());
      closeDialog();
    } catch (error) {
      update({ work: { isRunning: false, error: errorText(error) } });
      announce(errorText(error));
    }
  }

  /** Closes the element, which returns the focus; its event `close` changes the state. */
  function closeDialog(): void {
    document.querySelector<HTMLDialogElement>('dialog.modal[open]')?.close();
    update({ dialog: undefined, work: undefined });
  }

  function select(photo: Photo, step: number): void {
    const shown = shownPhotos(store.state);
    const index = shown.findIndex(({ id }) => id === photo.id);
    const next = shown[index + step];
    if (next) history.replaceState(null, '', `#photo/${next.id}`);
    if (next) update({ openPhoto: next.id, stranger: undefined });
  }

  /** Asks for a stranger's link, and for URLs of deleted photos, until the answer is 404. */
  async function askAgain(): Promise<void> {
    const { stranger, deleted } = store.state;
    update({ now: Date.now() });
    const asked = deleted
      .filter(({ answer }) => answer?.status !== 404)
      .map(async ({ id, url, name }) => {
        const { status } = await askImage(url);
        update((state) => ({
          deleted: state.deleted.map((one) =>
            one.id === id ? { ...one, answer: { status } } : one,
          ),
        }));
        if (status === 404) announce(`${name}: its URLs answer 404`);
      });
    if (stranger && stranger.answer?.status !== 404) asked.push(askAsStranger(stranger.url));
    await Promise.all(asked);
  }

  async function askAsStranger(url: string): Promise<void> {
    const { body, ...answer } = await askImage(url);
    const { stranger } = store.state;
    if (stranger?.url !== url) return;
    const isImage = answer.status === 200 && body !== undefined;
    if (!isImage && stranger.image) URL.revokeObjectURL(stranger.image);
    const image = isImage ? (stranger.image ?? URL.createObjectURL(body)) : undefined;
    update({ stranger: { ...stranger, answer, image } });
    if (answer.status === 404) announce('The stranger gets 404');
  }

  /** Asks for what is on the screen, once each. */
  function askOnce(url: string, ask: typeof askStatus): void {
    if (store.state.answers.has(url)) return;
    update(({ answers }) => ({ answers: new Map([...answers, [url, undefined]]) }));
    void ask(url).then((answer) =>
      update(({ answers }) => ({ answers: new Map([...answers, [url, answer]]) })),
    );
  }

  /** Forgets an upload that failed, and deletes what was stored. */
  async function discard({ id, original }: Photo): Promise<void> {
    update(({ discarded }) => ({ discarded: [...discarded, id] }));
    if (!original) return;
    const { images } = await loadFirebase();
    await images.remove(id).catch(showProblem);
  }

  return {
    upload,
    announce,
    watchUser,
    askAgain,
    select,
    closeDialog,
    askForOriginal: (url: string) => askOnce(url, askStatus),
    askForImage: (url: string) =>
      askOnce(url, async (of) => {
        const { status, contentType = '', bytes = 0 } = await askImage(of);
        return { status, contentType, bytes };
      }),
    open: (dialog: Dialog) => update({ dialog, work: undefined, copied: undefined }),
    chooseSize: (size: string) => update({ size }),
    chooseTab: (tab: number) => update({ tab, copied: undefined }),
    drag: (isDragging: boolean) => update({ isDragging }),
    /** For views with a state of their own. */
    redraw: () => update({}),

    async copy(name: string, text: string, element: Element | null): Promise<void> {
      clearTimeout(copiedTimer);
      try {
        await navigator.clipboard.writeText(text);
        update({ copied: { name, isSelected: false } });
        announce('Copied');
      } catch {
        // On http:// origins other than localhost there is no clipboard.
        if (element) getSelection()?.selectAllChildren(element);
        update({ copied: { name, isSelected: true } });
        announce('The text is selected; copy it with the keyboard.');
      }
      copiedTimer = setTimeout(() => update({ copied: undefined }), COPIED_MS);
    },

    share: (photo: Photo, label: string, expiresIn: number | null, variants: string[]) =>
      work(async ({ images }) => {
        const all = sizesOf(photo).length === variants.length;
        await images.shares.create({
          imageId: photo.id,
          expiresIn,
          ...(label && { label }),
          ...(!all && { variants }),
        });
        announce('The link is ready');
      }),

    revoke: (share: Share) =>
      work(async ({ images }) => {
        const { stranger } = store.state;
        const url = share.token && urlOf(share, images.url.bind(images));
        await images.shares.revoke(share.id);
        // So that the end is seen: the pane asks until the answer is 404.
        if (url && stranger?.shareId !== share.id) {
          update({ stranger: { url, shareId: share.id } });
          await askAsStranger(url);
        }
        announce('Revoked');
      }),

    remove: (photo: Photo) =>
      work(async ({ images }) => {
        const url = sizesOf(photo).at(-1)?.url;
        await images.remove(photo.id);
        photo.entry?.upload?.cancel();
        const index = tilesOf(store.state).findIndex(({ id }) => id === photo.id);
        const { id, name } = photo;
        const deleted = { id, name, url: url ?? '', at: Date.now(), index };
        closeDrawer();
        update((state) => ({
          deleted: url ? [deleted, ...state.deleted] : state.deleted,
          uploads: state.uploads.filter(({ id }) => id !== photo.id),
          stranger: undefined,
        }));
        announce(`${photo.name}: deleted`);
      }),

    /** After a failure: uploads again. */
    retry: (photo: Photo) => void photo.entry?.upload?.retry().catch(() => {}),

    discard,
    /** After a failure: discards it, and asks for another file. */
    chooseAnother(photo: Photo, input: HTMLInputElement | null): void {
      input?.focus();
      void discard(photo);
    },

    async openAsStranger(share: Share, photo: Photo): Promise<void> {
      if (!share.token) return;
      const { images } = await loadFirebase();
      const url = images.url({ token: share.token }, variantOf(store.state, photo, share));
      update({ stranger: { url, shareId: share.id } });
      await askAsStranger(url);
    },
    closeStranger: () => update({ stranger: undefined }),
    forget: (id: string) =>
      update(({ deleted }) => ({
        deleted: deleted.map((one) => (one.id === id ? { ...one, isHidden: true } : one)),
      })),
    closeProblem: () => update({ problem: undefined }),

    /** Calls `askAgain` each second while the page shows what changes by itself. */
    tick: () =>
      setInterval(() => {
        const { stranger, deleted, shares } = store.state;
        const isCounting = shares.some(
          ({ deadBy, state }) => state === 'revoked' && Number(deadBy) > store.state.now,
        );
        const isAsking = stranger ?? deleted.some(({ answer }) => answer?.status !== 404);
        if (isAsking || isCounting) void askAgain();
      }, SECOND_MS),
  };

  function urlOf(share: Share, url: (image: { token: string }, variant: string) => string): string {
    const photo = photosOf(store.state).find(({ id }) => id === share.imageId);
    return url({ token: share.token ?? '' }, variantOf(store.state, photo, share));
  }
}

function isOver({ upload }: Pick<UploadEntry, 'upload'>): boolean {
  return upload?.state === 'ready' || upload?.state === 'failed';
}

/** Closes the drawer, if it is open. */
export function closeDrawer(): void {
  document.querySelector<HTMLDialogElement>('dialog.drawer[open]')?.close();
}
