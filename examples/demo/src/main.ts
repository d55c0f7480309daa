import { render, type TemplateResult } from 'lit-html';
import type { PictureRecord } from 'storage-public-variants-client';
import { openActions, closeDrawer } from './actions.js';
import { BASE_URL, loadConfig, type Sample } from './config.js';
import type { Firebase } from './firebase.js';
import { errorText } from './format-text.js';
import { wasSignedIn } from './names.js';
import { chosenSize, currentPhoto } from './select.js';
import { Store } from './store.js';
import './style.css';
import { pageView } from './views/page.js';
import type { View } from './views/parts.js';

const store = new Store();
const config = loadConfig();
let firebase: Promise<Firebase> | undefined;

/** Loads Firebase with the first need for it; again after a failure. */
function loadFirebase(): Promise<Firebase> {
  firebase ??= (async () => {
    const [loaded, { connect }] = await Promise.all([config, import('./firebase.js')]);
    const connected = await connect(loaded);
    connected.watchUser((uid) => actions.watchUser(connected, uid));
    return connected;
  })();
  firebase.catch(() => (firebase = undefined));
  return firebase;
}

const actions = openActions(store, loadFirebase);
const root = document.getElementById('app') ?? document.body;
root.replaceChildren();

/** The view of the second page, loaded when it is opened. */
let attackView: ((view: View) => TemplateResult) | undefined;

async function loadAttackView(): Promise<void> {
  try {
    const [{ openAttacks }, loaded] = await Promise.all([import('./views/attack.js'), config]);
    attackView = openAttacks({ config: loaded, loadFirebase, sample: () => store.state.sample });
  } catch (error) {
    store.update({ problem: errorText(error) });
  }
  store.update({});
}

function draw(): void {
  const { state } = store;
  const view = { state, actions };
  render(pageView(view, state.page === 'attack' ? attackView?.(view) : undefined), root);
  ask();
}

/** Asks, without credentials, for what the page shows. */
function ask(): void {
  const { state } = store;
  const photo = state.page === 'photos' ? currentPhoto(state) : undefined;
  if (!photo) return;
  if (photo.original) actions.askForOriginal(photo.original.url);
  const size = photo.state === 'ready' ? chosenSize(state, photo) : undefined;
  if (size) actions.askForImage(size.url);
}

/** The state that is in the URL, so that reload and back work. */
function readHash(): void {
  const { hash } = location;
  const page = hash === '#attack' ? 'attack' : 'photos';
  const openPhoto = hash.startsWith('#photo/') ? hash.slice('#photo/'.length) : undefined;
  // Closing returns the focus; removing the element would not.
  if (openPhoto === undefined) closeDrawer();
  store.update({ page, openPhoto, stranger: undefined });
  if (page === 'attack' && !attackView) void loadAttackView();
}

async function showSample({ token, objectUrl: url, ...original }: Sample): Promise<void> {
  const response = await fetch(`${BASE_URL}/${token}`);
  if (!response.ok) return;
  const { placeholder, variants } = (await response.json()) as Manifest;
  const record: PictureRecord = {
    token,
    placeholder,
    variants: Object.fromEntries(variants.map(({ name, ...variant }) => [name, variant])),
  };
  store.update({ sample: { token, record, original: { url, ...original } } });
}

/** What a token's URL answers with. */
interface Manifest {
  placeholder: { thumbhash: string; color: string };
  variants: ({ name: string } & NonNullable<PictureRecord['variants']>[string])[];
}

function listen(): void {
  window.addEventListener('hashchange', readHash);
  for (const type of ['dragover', 'dragleave', 'drop']) {
    window.addEventListener(type, (event) => {
      const { dataTransfer } = event as DragEvent;
      if (!dataTransfer?.types.includes('Files')) return;
      // By default, the browser opens the file.
      event.preventDefault();
      actions.drag(type === 'dragover');
      if (type === 'drop' && store.state.page === 'photos') void actions.upload(dataTransfer.files);
    });
  }
}

async function start(): Promise<void> {
  store.subscribe(draw);
  readHash();
  listen();
  actions.tick();
  try {
    const loaded = await config;
    store.update({ config: loaded });
    // A user's own photos come instead of the sample.
    if (!wasSignedIn()) store.update({ uid: null });
    const sample = loaded.sample && showSample(loaded.sample);
    // A page without the sample still works.
    await sample?.catch(() => {});
    await loadFirebase();
  } catch (error) {
    store.update({ fatal: errorText(error) });
  }
}

void start();
