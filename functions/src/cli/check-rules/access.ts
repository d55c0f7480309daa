/** Who may do what to the objects and documents of the product, as requests that rules can be asked about. */
import {
  fromJson,
  PartialMap,
  string,
  Unknown,
  type Possible,
  type PossibleRequest,
  type RulesMethod,
} from 'firebase-rules-check';
import { isName, pathValue, UNKNOWN_IDS, UNKNOWN_UID, type Target, type Thing } from './targets.js';

/** Who sends a request. Except for the owner, none of them is the user whose uid is in the path. */
export const ACTORS = {
  'signed out': 'anyone',
  anonymous: 'every signed-in user, even with an anonymous account,',
  email: 'every user with an email address, verified or not,',
  verified: 'every user with a verified email address',
  phone: 'every user with a phone number',
  owner: 'owners',
  claims: 'some users',
} as const;

export type Actor = keyof typeof ACTORS;

/** Stands for an owner of whom nothing else is known, where a rule asks for more than the user id. */
type AnyOwner = 'owner with claims';

/** Ordered: a user of a later kind can usually also be one of an earlier kind. */
export const actors = Object.keys(ACTORS) as Actor[];

/** A request of an actor that a statement allows. */
export interface Opened {
  readonly actor: Actor;
  readonly target: Target;
  readonly method: RulesMethod;
}

/** What owners have access to. */
export type OwnedThing = Exclude<Thing, 'renditions' | 'token records'>;

/** What rules must allow. Everything else is for the functions, to which rules do not apply. */
export const ALLOWED: readonly {
  actor: Actor;
  thing: OwnedThing;
  methods: readonly RulesMethod[];
}[] = [
  { actor: 'owner', thing: 'originals', methods: ['get', 'create', 'delete'] },
  { actor: 'owner', thing: 'image records', methods: ['get', 'list'] },
  { actor: 'owner', thing: 'share records', methods: ['get', 'list'] },
];

/** Whether rules must allow a request. A query in all collections of a name is not one of them. */
export function isAllowed(actor: Actor, { thing, isOwn }: Target, method: RulesMethod): boolean {
  return ALLOWED.some(
    (one) => one.actor === actor && one.thing === thing && isOwn && one.methods.includes(method),
  );
}

/**
 * The requests that an actor can send with this method: for an upload, one with and one without an existing object.
 * @param size of an uploaded object; default: what the client chooses
 */
export function requestsOf(
  actor: Actor | AnyOwner,
  target: Target,
  method: RulesMethod,
  now: Date,
  size: Possible = new Unknown('client', { type: 'int' }),
): PossibleRequest[] {
  const { service, path } = target;
  const names = new Set(path.filter((segment) => isName(segment)));
  const isFirestore = service === 'cloud.firestore';
  const isCreate = method === 'create';
  // A client chooses the ids of what it creates.
  const unknownSegments = new Map<string, Unknown>(
    UNKNOWN_IDS.map((id) => [id, new Unknown(isCreate ? 'client' : 'visible', { type: 'string' })]),
  )
    .set(UNKNOWN_UID, uidOf('owner', names))
    // The end of a folder's name, `originals/`: nobody's uid is empty.
    .set('', uidOf('empty', names));
  const fields: [string, Possible][] = [
    ['auth', authOf(actor, names)],
    ['method', string(method)],
    ['path', pathValue(path, unknownSegments)],
    ['time', new Unknown('visible', { type: 'timestamp', identity: REQUEST_TIME })],
  ];
  const isUpload = isCreate || method === 'update';
  if (isUpload) fields.push(['resource', isFirestore ? newDocument() : newObject(size)]);
  else if (!isFirestore || method === 'delete') fields.push(['resource', fromJson(null)]);
  if (isFirestore && method === 'list') fields.push(['query', new Unknown('client')]);
  const request = new PartialMap(new Map(fields));
  const base = { service, method, path, request, unknownSegments, now };
  const existing = { ...base, resource: target.resource() };
  const none = { ...base, resource: fromJson(null) };
  if (!isCreate) return [method === 'list' && !isFirestore ? none : existing];
  return isFirestore ? [none] : [none, existing];
}

const REQUEST_TIME = { group: 'request.time', name: 'now' };

/** @param not the names of folders and collections in the path: nobody has one of them as a user id */
function uidOf(name: 'owner' | 'other' | 'empty', not: ReadonlySet<string>): Unknown {
  return new Unknown('visible', { type: 'string', identity: { group: 'uid', name }, not });
}

/** `request.auth`: https://firebase.google.com/docs/reference/rules/rules.firestore.Request#auth */
function authOf(actor: Actor | AnyOwner, names: ReadonlySet<string>): Possible {
  if (actor === 'signed out') return fromJson(null);
  const uid = uidOf(actor.startsWith('owner') ? 'owner' : 'other', names);
  return new PartialMap(
    new Map<string, Possible>([
      ['uid', uid],
      ['token', tokenOf(actor, uid)],
    ]),
  );
}

const EMAIL = { email: 'user@example.com', email_verified: true, name: 'User' };
const CLAIMS: Readonly<Record<Exclude<Actor, 'signed out' | 'claims'>, Record<string, unknown>>> = {
  anonymous: { firebase: { sign_in_provider: 'anonymous', identities: {} } },
  email: {
    ...EMAIL,
    email_verified: false,
    firebase: { sign_in_provider: 'password', identities: { email: [EMAIL.email] } },
  },
  verified: {
    ...EMAIL,
    firebase: { sign_in_provider: 'google.com', identities: { email: [EMAIL.email] } },
  },
  phone: {
    phone_number: '+15555550100',
    firebase: { sign_in_provider: 'phone', identities: { phone: ['+15555550100'] } },
  },
  owner: {
    ...EMAIL,
    firebase: { sign_in_provider: 'password', identities: { email: [EMAIL.email] } },
  },
};

function tokenOf(actor: Exclude<Actor | AnyOwner, 'signed out'>, uid: Unknown): Possible {
  const ids: [string, Possible][] = [
    ['sub', uid],
    ['user_id', uid],
  ];
  // Custom claims, and an email address or an identity provider that only some can have.
  if (actor === 'claims' || actor === 'owner with claims') {
    return new PartialMap(new Map(ids), new Unknown('visible'));
  }
  const claims = Object.entries(CLAIMS[actor]).map(
    ([name, value]) => [name, fromJson(value)] as const,
  );
  return new PartialMap(new Map<string, Possible>([...ids, ...claims]));
}

/** More than any limit for images that somebody would set on purpose, bytes. */
export const HUGE = fromJson(2 ** 40);

/** `request.resource` of a document that a client writes. */
function newDocument(): Possible {
  return new PartialMap(
    new Map([
      ['data', new Unknown('client', { type: 'map' })],
      ['id', new Unknown('visible', { type: 'string' })],
      ['__name__', new Unknown('visible', { type: 'path' })],
    ]),
  );
}

/** `request.resource` of an object that a client uploads. */
function newObject(size: Possible): Possible {
  return new PartialMap(
    new Map([
      ['name', new Unknown('visible', { type: 'string' })],
      ['bucket', new Unknown('visible', { type: 'string' })],
      ['size', size],
      ['contentType', new Unknown('client', { type: 'string' })],
    ]),
    new Unknown('client'),
  );
}
