/** What an attacker would try, as requests without the SDKs, and what stops it. */
import { objectUrl } from 'storage-public-variants-client';
import { encodeToken, TOKEN_BYTES } from '../../../functions/src/domain/token-text.js';
import { BASE_URL, type Config } from './config.js';
import type { Firebase } from './firebase.js';
import type { State } from './store.js';

/** A request and its answer. */
export interface Exchange {
  /** `GET /path`, without the origin of the page. */
  request: string;
  /** HTTP status; 0: no answer. */
  status: number;
  /** Beginning of the body. */
  body: string;
  /** Whether the answer gives away nothing. */
  isRefused: boolean;
}

export interface AttackContext {
  config: Config;
  loadFirebase: () => Promise<Firebase>;
  sample: () => State['sample'];
}

export interface Attack {
  id: string;
  title: string;
  /** The rule or limit that stops it. */
  stop: string;
  /** Where it is: a line of a rules file, or a parameter. */
  code: string;
  /** @param report called with each exchange */
  run: (context: AttackContext, report: (exchange: Exchange) => void) => Promise<void>;
}

const BODY_CHARACTERS = 160;
const JUNK_REQUESTS = 200;
/** At one time, as a browser would. */
const PARALLEL = 20;
/** Milliseconds between requests for a revoked URL. */
const INTERVAL_MS = 500;

/** A made-up token of the right form, with a right checksum. */
function guessToken(): string {
  return encodeToken(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)));
}

/** A token whose checksum is wrong. */
function junkToken(): string {
  const token = guessToken();
  return token.slice(0, -1) + (token.endsWith('0') ? '1' : '0');
}

/** Sends a request, and describes it without its origin. */
async function send(url: string, init: RequestInit = {}): Promise<Exchange> {
  const { method = 'GET' } = init;
  const { pathname, search } = new URL(url);
  const shown = decodeURIComponent(pathname + search);
  try {
    const response = await fetch(url, { credentials: 'omit', cache: 'no-store', ...init });
    const isImage = response.headers.get('content-type')?.startsWith('image/') === true;
    const text = isImage ? '(the picture)' : (await response.text()).slice(0, BODY_CHARACTERS);
    const { status } = response;
    return { request: `${method} ${shown}`, status, body: text.trim(), isRefused: status >= 400 };
  } catch {
    return { request: `${method} ${shown}`, status: 0, body: 'No answer.', isRefused: true };
  }
}

const imageUrl = (token: string) => `${BASE_URL}/${token}/w800`;

/** The root of the REST API of Firestore. */
const documentsOf = ({ firestoreOrigin, options }: Config) =>
  `${firestoreOrigin}/v1/projects/${options.projectId}/databases/(default)/documents`;

/** The header with which Cloud Storage knows the user. */
async function asUser({ loadFirebase }: AttackContext): Promise<Record<string, string>> {
  const firebase = await loadFirebase();
  await firebase.signIn();
  return { authorization: `Firebase ${await firebase.idToken()}` };
}

const guess: Attack = {
  id: 'guess',
  title: 'Guess a URL',
  stop: '160 random bits: at a million guesses a second, 10³⁴ years. Every refusal is the same 404.',
  code: 'serve: 404, byte for byte the same for malformed, unknown, revoked and expired tokens',
  async run(_, report) {
    for (const token of ['admin', junkToken(), guessToken()]) report(await send(imageUrl(token)));
  },
};

const readOriginal: Attack = {
  id: 'original',
  title: "Read another user's original",
  stop: 'storage.rules give an original to its owner only.',
  code: 'allow get, delete: if isOwner();',
  async run(context, report) {
    const { config } = context;
    const { storageBucket = '' } = config.options;
    const someone = objectUrl(config.storageOrigin, storageBucket, 'originals/someone/photo');
    const url = context.sample()?.original.url ?? someone;
    report(await send(url));
    report(await send(url, { headers: await asUser(context) }));
  },
};

const list: Attack = {
  id: 'list',
  title: 'List a folder',
  stop: 'No rule allows to list; nor to read the index of tokens, which holds hashes only.',
  code: '// No `list`: clients list the image records.\nmatch /imageTokens/{hash} { allow read, write: if false; }',
  async run(context, report) {
    const { config } = context;
    const { storageBucket } = config.options;
    const headers = await asUser(context);
    const objects = `${config.storageOrigin}/v0/b/${storageBucket}/o`;
    for (const prefix of ['originals/', 'variants/']) {
      report(await send(`${objects}?prefix=${prefix}&delimiter=/`, { headers }));
    }
    const documents = documentsOf(config);
    report(await send(`${documents}/imageTokens`));
  },
};

const records: Attack = {
  id: 'records',
  title: 'Read or forge records',
  stop: 'firestore.rules give records to their owner, and let nobody write.',
  code: 'allow read: if request.auth != null && request.auth.uid == uid;\nallow write: if false;',
  async run({ config }, report) {
    const documents = documentsOf(config);
    report(await send(`${documents}/users/someone/images`));
    // The type with which a browser asks no permission before it sends.
    const forged = {
      method: 'POST',
      body: '{"fields":{}}',
      headers: { 'content-type': 'text/plain' },
    };
    report(await send(`${documents}/imageTokens?documentId=forged`, forged));
  },
};

const revoked: Attack = {
  id: 'revoked',
  title: 'Use a revoked URL',
  stop: 'The record of its token is deleted. Caches forget it within REVOCATION_SECONDS.',
  code: 'Cache-Control: max-age is a part of REVOCATION_SECONDS',
  async run({ config, loadFirebase }, report) {
    const firebase = await loadFirebase();
    const { images } = firebase;
    await firebase.signIn();
    const { id } = await images.upload(await smallPhoto()).ready;
    try {
      const share = await images.shares.create({ imageId: id, expiresIn: 3600 });
      const url = imageUrl(share.token ?? '');
      // Through the browser's cache, as a visitor.
      const ask = () => send(url, { cache: 'default' });
      report(await ask());
      await images.shares.revoke(share.id);
      const end = Date.now() + ((config.revocationSeconds ?? 60) + 2) * 1000;
      let last = await ask();
      while (last.status === 200 && Date.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
        last = await ask();
      }
      report(last);
    } finally {
      await images.remove(id);
    }
  },
};

const flood: Attack = {
  id: 'flood',
  title: 'Flood with junk',
  stop: 'A wrong checksum is refused before the database is asked. Junk in the upload is refused by the rules, or ends as a failed record.',
  code: 'VIEWS_PER_MINUTE=3000 for what costs a read\nrequest.resource.size <= 25 * 1024 * 1024 && contentType.matches(…)',
  async run(context, report) {
    const start = performance.now();
    const statuses = new Map<number, number>();
    const queue = Array.from({ length: JUNK_REQUESTS }, () => imageUrl(junkToken()));
    const work = async () => {
      for (let url = queue.pop(); url !== undefined; url = queue.pop()) {
        const { status } = await send(url);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    const milliseconds = Math.round(performance.now() - start);
    const body = [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ');
    report({
      request: `${JUNK_REQUESTS} × GET /i/{junk}/w800`,
      status: [...statuses.keys()][0] ?? 0,
      body: `${body} in ${milliseconds} ms`,
      isRefused: [...statuses.keys()].every((status) => status === 404 || status === 429),
    });
    const { config, loadFirebase } = context;
    const headers = await asUser(context);
    const uid = await (await loadFirebase()).signIn();
    const name = encodeURIComponent(`originals/${uid}/junk`);
    const url = `${config.storageOrigin}/v0/b/${config.options.storageBucket}/o?uploadType=media&name=${name}`;
    const upload = { method: 'POST', body: '<script>alert(1)</script>' };
    report(await send(url, { ...upload, headers: { ...headers, 'content-type': 'text/html' } }));
  },
};

export const ATTACKS: readonly Attack[] = [guess, readOriginal, list, records, revoked, flood];

/** A photo of one color. */
async function smallPhoto(): Promise<Blob> {
  const canvas = new OffscreenCanvas(64, 64);
  const context = canvas.getContext('2d');
  if (context) {
    context.fillStyle = '#17615a';
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  return canvas.convertToBlob({ type: 'image/png' });
}
