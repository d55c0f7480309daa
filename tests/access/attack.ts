/** Sends the requests of one cell of the access table to the running stack. */
import { sendRequest } from '../support/request.js';
import { idTokenOf } from '../support/rest.js';
import type { TestContext } from '../support/stack.js';
import type { AccessFixture, Image } from './fixture.js';
import {
  requestsForImageRecord,
  requestsForOriginal,
  requestsForRendition,
  requestsForShareRecord,
  requestsForTokenRecord,
  type RequestVariant,
  type Secrets,
  type Target,
} from './requests.js';
import type { Act, Actor, Answer, Cell, Thing } from './table.js';

/** Values of the Authorization header for Cloud Storage and for Firestore. */
type Credentials = { storage: string; firestore: string } | undefined;

/** The emulators accept these as an admin's credentials. */
export const ADMIN: Credentials = { storage: 'Firebase owner', firestore: 'Bearer owner' };

const REQUESTS: Record<
  Exclude<Thing, "a stranger's things">,
  (act: Act, target: Target) => RequestVariant[]
> = {
  original: requestsForOriginal,
  rendition: requestsForRendition,
  'image record': requestsForImageRecord,
  'share record': requestsForShareRecord,
  'token record': requestsForTokenRecord,
};

const REFUSALS = [401, 403, 404];
const CHANGING_ACTS: readonly Act[] = ['overwrite', 'update metadata', 'delete'];

/** Sends every request that the actor can make; `yes` if one of them succeeds. */
export async function attack(
  cell: Cell,
  context: TestContext,
  fixture: AccessFixture,
): Promise<Answer> {
  const { actor, thing, act, state } = cell;
  const ownImage = await fixture.image(actor, state);
  const image = thing === "a stranger's things" ? await fixture.stranger() : ownImage;
  const target = { stack: context.stack, image, secrets: secretsOf(actor, ownImage) };
  const requests = requestsFor(thing, act, target);
  if (requests.length === 0) return '—';
  const user = act === 'download by token' ? undefined : fixture.userOf(actor);
  const credentials = user && credentialsOf(await idTokenOf(user));
  const successes = await Promise.all(
    requests.map((request) => succeeds(request, context, credentials)),
  );
  if (!successes.includes(true)) return 'no';
  if (CHANGING_ACTS.includes(act)) fixture.discard(image);
  return 'yes';
}

/** Returns the requests for an act on a thing; none if the act does not exist for it. */
export function requestsFor(thing: Thing, act: Act, target: Target): RequestVariant[] {
  if (thing !== "a stranger's things") return REQUESTS[thing](act, target);
  return Object.values(REQUESTS).flatMap((requests) => requests(act, target));
}

/**
 * Sends one request.
 *
 * @returns false for a refusal: 401, 403 or 404
 * @throws Error for any other status but 2xx, an empty body of a GET, or a network failure
 */
export async function succeeds(
  request: RequestVariant,
  { stack }: TestContext,
  credentials: Credentials,
): Promise<boolean> {
  const { method, url } = request;
  const isFirestore = url.startsWith(`http://${stack.firestore}/`);
  const authorization = isFirestore ? credentials?.firestore : credentials?.storage;
  const headers = { ...request.headers, ...(authorization !== undefined && { authorization }) };
  const { status, body } = await sendRequest({ ...request, headers });
  if (REFUSALS.includes(status)) return false;
  if (status < 200 || status > 299) {
    const response = `${status} ${body.toString().slice(0, 200)}`;
    throw new Error(`${method} ${url}: expected a success or a refusal, found ${response}`);
  }
  if (method === 'GET' && body.length === 0) {
    throw new Error(`${method} ${url}: expected a body, found ${status} without one`);
  }
  return true;
}

function credentialsOf(idToken: string): Credentials {
  return { storage: `Firebase ${idToken}`, firestore: `Bearer ${idToken}` };
}

function secretsOf(actor: Actor, { publicToken, downloadToken }: Image): Secrets {
  switch (actor) {
    case 'token holder':
      return { publicToken };
    case 'link holder':
    case 'owner':
    case 'anonymous owner':
      return { downloadToken };
    case 'name holder':
      return { triesNames: true };
    case 'signed out':
    case 'other user':
      return {};
  }
}
