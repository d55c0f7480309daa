/** The state of the page, in one place. Views read it, actions change it. */
import type { Image, PictureRecord, Share, Upload } from 'storage-public-variants-client';
import type { Config } from './config.js';
import type { Answer } from './probe.js';

/** An upload that was started on this page. */
export interface UploadEntry {
  /** Of the image. */
  id: string;
  name: string;
  /** Object URL of the file, if the browser can show it; until the image is ready. */
  preview?: string | undefined;
  /** undefined until Firebase is loaded and a user is signed in. */
  upload?: Upload;
  /** Whether it looks like a photo; others will be refused, and are not shown before. */
  isPhoto: boolean;
  /** Milliseconds since 1970. */
  failedAt?: number;
}

/** A link as strangers see it, asked for again and again. */
export interface Stranger {
  url: string;
  /** The share that the URL is of. */
  shareId: string;
  answer?: Answer;
  /** Object URL of the image in the latest answer. */
  image?: string | undefined;
}

/** A photo that was deleted on this page. */
export interface Deleted {
  id: string;
  name: string;
  /** One of its public URLs, which is asked for until the answer is 404. */
  url: string;
  /** Milliseconds since 1970. */
  at: number;
  answer?: Answer;
  /** Its place in the grid, which stays empty until the message is closed. */
  index: number;
  /** Whether its message was closed. */
  isHidden?: boolean;
}

export type Dialog =
  | { kind: 'share'; photoId: string }
  | { kind: 'revoke'; share: Share }
  | { kind: 'delete'; photoId: string }
  | { kind: 'use'; photoId: string };

export interface State {
  config?: Config;
  /** Why the page cannot start. */
  fatal?: string;
  /** undefined: not known yet. */
  uid?: string | null;
  sample?: { record: PictureRecord; original: Original; token: string };
  /** Oldest first. */
  uploads: readonly UploadEntry[];
  /** Newest first; undefined: not known yet. */
  images?: readonly Image[] | undefined;
  shares: readonly Share[];
  /** Answers to requests without credentials, by URL; undefined while one is awaited. */
  answers: ReadonlyMap<string, Answer | undefined>;
  /** Name of the variant that the page gives the URL of. */
  size: string;
  dialog?: Dialog | undefined;
  /** What is being done in the dialog, or has failed there. */
  work?: { isRunning: boolean; error?: string } | undefined;
  stranger?: Stranger | undefined;
  deleted: readonly Deleted[];
  /** Ids of failed photos that the user has discarded. */
  discarded: readonly string[];
  /** Messages that are not about one photo. */
  problem?: string | undefined;
  /** From the hash of the URL. */
  page: 'photos' | 'attack';
  openPhoto?: string | undefined;
  /** Names of the texts that were copied last, or that are selected to be copied. */
  copied?: { name: string; isSelected: boolean } | undefined;
  /** Tab of the dialog "Use it". */
  tab: number;
  isDragging: boolean;
  /** Milliseconds since 1970; advances each second while the page shows a countdown. */
  now: number;
}

/** The original of a photo. */
export interface Original {
  /** Its URL at Cloud Storage, without a download token. */
  url: string;
  bytes?: number | undefined;
  /** Pixels. */
  width?: number | undefined;
  height?: number | undefined;
}

export class Store {
  #state: State = {
    uploads: [],
    shares: [],
    answers: new Map(),
    size: 'w800',
    deleted: [],
    discarded: [],
    page: 'photos',
    tab: 0,
    isDragging: false,
    now: Date.now(),
  };
  readonly #listeners = new Set<() => void>();
  #isPending = false;

  get state(): State {
    return this.#state;
  }

  /** Replaces the fields of `change`; listeners are called once after all changes of a task. */
  update(change: Partial<State> | ((state: State) => Partial<State>)): void {
    const fields = typeof change === 'function' ? change(this.#state) : change;
    this.#state = { ...this.#state, ...fields };
    if (this.#isPending) return;
    this.#isPending = true;
    queueMicrotask(() => {
      this.#isPending = false;
      this.#listeners.forEach((listener) => listener());
    });
  }

  subscribe(listener: () => void): void {
    this.#listeners.add(listener);
  }
}
