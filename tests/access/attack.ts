/** Tries one cell of the attack table on the running stack. */
import { ask } from '../support/request.js';
import { idTokenOf } from '../support/rest.js';
import type { TestContext } from '../support/stack.js';
import type { Image, AccessFixture } from './fixture.js';
import type { Act, Actor, Answer, Cell, Thing } from './table.js';
import {
  waysToImageRecord,
  waysToOriginal,
  waysToRendition,
  waysToTokenRecord,
  type Secrets,
  type Target,
  type RequestVariant,
} from './requests.js';

/** How requests to Storage and to Firestore are signed. */
type Credentials = { storage: string; firestore: string } | undefined;

/** What the emulators take for the project's own servers. */
export const ADMIN: Credentials = { storage: 'Firebase owner', firestore: 'Bearer owner' };

const WAYS: Record<
  Exclude<Thing, "a stranger's things">,
  (act: Act, target: Target) => RequestVariant[]
> = {
  original: waysToOriginal,
  rendition: waysToRendition,
  'image record': waysToImageRecord,
  'token record': waysToTokenRecord,
};

const REFUSED = [401, 403, 404];
const CHANGES_THE_IMAGE: readonly Act[] = ['overwrite', 'update metadata', 'delete'];

/** Tries every way that the actor has; yes if one of them succeeds. */
export async function attack(
  cell: Cell,
  stage: TestContext,
  scenes: AccessFixture,
): Promise<Answer> {
  const { actor, thing, act, state } = cell;
  const image = await scenes.image(actor, state);
  const aim = thing === "a stranger's things" ? await scenes.stranger() : image;
  const target = { stack: stage.stack, image: aim, secrets: secretsOf(actor, image) };
  const ways = requestsFor(thing, act, target);
  if (ways.length === 0) return '—';
  const user = act === 'download by token' ? undefined : scenes.userOf(actor);
  const credentials = user && signedBy(await idTokenOf(user));
  const successes = await Promise.all(ways.map((way) => succeeds(way, stage, credentials)));
  if (!successes.includes(true)) return 'no';
  if (CHANGES_THE_IMAGE.includes(act)) scenes.spoil(aim);
  return 'yes';
}

/** The requests for an act on a thing; none: there is no such act on it. */
export function requestsFor(thing: Thing, act: Act, target: Target): RequestVariant[] {
  if (thing !== "a stranger's things") return WAYS[thing](act, target);
  return Object.values(WAYS).flatMap((ways) => ways(act, target));
}

/**
 * Makes one request.
 * @throws Error when the answer is neither a success nor a refusal, or there is none
 */
export async function succeeds(
  way: RequestVariant,
  { stack }: TestContext,
  credentials: Credentials,
): Promise<boolean> {
  const { method, url } = way;
  const isFirestore = url.startsWith(`http://${stack.firestore}/`);
  const authorization = isFirestore ? credentials?.firestore : credentials?.storage;
  const headers = { ...way.headers, ...(authorization !== undefined && { authorization }) };
  const answer = await ask({ ...way, headers });
  if (REFUSED.includes(answer.status)) return false;
  if (answer.status < 200 || answer.status > 299) {
    const found = `${answer.status} ${answer.body.toString().slice(0, 200)}`;
    throw new Error(`${method} ${url}: expected a success or a refusal, found ${found}`);
  }
  if (method === 'GET' && answer.body.length === 0) {
    throw new Error(`${method} ${url}: expected something with the success, found nothing`);
  }
  return true;
}

function signedBy(idToken: string): Credentials {
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
