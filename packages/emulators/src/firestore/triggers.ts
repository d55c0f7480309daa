/** Functions that are called when documents change: their registration, and the events that they get. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Caller } from './caller.js';
import { Code, StatusError } from './errors.js';
import { parseName } from './names.js';
import { methodShape, toJson } from './transport/protocol.js';
import type * as v1 from './v1.js';

/** A document before and after a commit. */
export interface DocumentChange {
  name: string;
  before: v1.Document | undefined;
  after: v1.Document | undefined;
}

/** An event for one function. */
export interface TriggerEvent {
  project: string;
  /** Id with which the function was registered. */
  key: string;
  contentType: string;
  /** To be sent as JSON. */
  body: object;
}

interface V1Registration {
  eventTrigger?: { eventType?: string; resource?: string };
}

interface V2Registration {
  eventType?: string;
  database?: string;
  document?: { value?: string };
}

interface DocumentJson {
  fields?: object;
  createTime?: string;
  updateTime?: string;
}

interface Trigger {
  eventType: string;
  kind: Kind;
  database: string;
  document: RegExp;
  isCloudEvent: boolean;
}

type Kind = 'write' | 'create' | 'update' | 'delete';

/** 1st gen `providers/cloud.firestore/eventTypes/document.create`, 2nd gen `google.cloud.firestore.document.v1.created`. */
const EVENT_TYPE = /document\.(?:v1\.)?([a-z]+)/;

const KINDS: Readonly<Record<string, Kind>> = {
  write: 'write',
  written: 'write',
  create: 'create',
  created: 'create',
  update: 'update',
  updated: 'update',
  delete: 'delete',
  deleted: 'delete',
};

/** The functions of all projects. */
export class Triggers {
  readonly #triggers = new Map<string, Map<string, Trigger>>();

  /** @param send called for each event; nothing waits for the function */
  constructor(private readonly send: (event: TriggerEvent) => void = () => undefined) {}

  /** Whether a commit to this project has to find out what it changes. */
  has(project: string): boolean {
    return this.#triggers.has(project);
  }

  /**
   * Registers a 1st gen function.
   * @param body `{eventTrigger: {eventType, resource}}`, as the Functions emulator sends it
   * @throws StatusError INVALID_ARGUMENT
   */
  registerV1(project: string, key: string, body: unknown): void {
    const { eventType, resource = '' } = (body as V1Registration).eventTrigger ?? {};
    const [, database = '', document = ''] =
      /^projects\/[^/]+\/databases\/([^/]+)\/documents(?:@[^/]*)?\/(.+)$/.exec(resource) ?? [];
    this.#register(project, key, eventType, { database, document }, false);
  }

  /**
   * Registers a 2nd gen function.
   * @param body `{eventType, database, document: {value}}`, as the Functions emulator sends it
   * @throws StatusError INVALID_ARGUMENT
   */
  registerV2(project: string, key: string, body: unknown): void {
    const { eventType, database = '', document } = body as V2Registration;
    const target = { database, document: document?.value ?? '' };
    this.#register(project, key, eventType, target, true);
  }

  #register(
    project: string,
    key: string,
    eventType: string | undefined,
    { database, document }: { database: string; document: string },
    isCloudEvent: boolean,
  ): void {
    const kind = KINDS[EVENT_TYPE.exec(eventType ?? '')?.[1] ?? ''];
    if (
      eventType === undefined ||
      kind === undefined ||
      key === '' ||
      database === '' ||
      document === ''
    ) {
      throw new StatusError(
        Code.INVALID_ARGUMENT,
        'Expected a trigger with an id, an event type of Firestore, a database and a document.',
      );
    }
    const trigger = {
      eventType,
      kind,
      database,
      document: toPattern(document),
      isCloudEvent,
    };
    const triggers = this.#triggers.get(project) ?? new Map<string, Trigger>();
    this.#triggers.set(project, triggers.set(key, trigger));
  }

  /** Sends the events of one commit. A document that has not changed causes none. */
  emit(changes: readonly DocumentChange[], caller: Caller): void {
    for (const change of changes) {
      const kind = kindOf(change);
      if (kind === undefined) continue;
      const { project, database, path } = parseName(change.name);
      const document = path.join('/');
      for (const [key, trigger] of this.#triggers.get(project) ?? []) {
        const isWanted = trigger.kind === kind || trigger.kind === 'write';
        if (!isWanted || trigger.database !== database || !trigger.document.test(document))
          continue;
        const event = trigger.isCloudEvent ? cloudEvent : eventWithContext;
        this.send({ project, key, ...event(trigger.eventType, change, caller) });
      }
    }
  }
}

/** `{id}`, `{id=*}` and `*` match one segment, `{path=**}` and `**` any number. */
function toPattern(document: string): RegExp {
  const path = document.replace(/^\/|\/$/g, '');
  const parts = path.split(/(\{[^/{}]+\}|\*\*|\*)/).map((part, index) => {
    if (index % 2 === 0) return part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    return part === '**' || part.endsWith('=**}') ? '.*' : '[^/]+';
  });
  return new RegExp(`^${parts.join('')}$`, 's');
}

function kindOf({ before, after }: DocumentChange): Exclude<Kind, 'write'> | undefined {
  if (before === undefined) return after === undefined ? undefined : 'create';
  if (after === undefined) return 'delete';
  // A write of the same values causes no event.
  return isDeepStrictEqual(contentOf(before), contentOf(after)) ? undefined : 'update';
}

function contentOf(document: v1.Document): object {
  const { fields, createTime } = documentJson(document);
  return { fields, createTime };
}

/** @see https://github.com/googleapis/google-cloudevents/blob/main/proto/google/events/cloud/firestore/v1/data.proto */
function dataOf({ before, after }: DocumentChange): object {
  return { value: documentJson(after), oldValue: documentJson(before) };
}

/** @see https://cloud.google.com/functions/docs/writing/write-event-driven-functions#background-functions */
function eventWithContext(eventType: string, change: DocumentChange) {
  const resource = { service: 'firestore.googleapis.com', name: change.name };
  const context = { eventId: randomUUID(), timestamp: timeOf(change), eventType, resource };
  return { contentType: 'application/json', body: { data: dataOf(change), context } };
}

/** @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md */
function cloudEvent(type: string, change: DocumentChange, caller: Caller) {
  const { project, database, path } = parseName(change.name);
  const document = path.join('/');
  const body = {
    specversion: '1.0',
    id: randomUUID(),
    source: `//firestore.googleapis.com/projects/${project}/databases/${database}`,
    subject: `documents/${document}`,
    type,
    time: timeOf(change),
    datacontenttype: 'application/json',
    location: 'us-central1',
    project,
    database,
    namespace: '(default)',
    document,
    ...(type.endsWith('.withAuthContext') && authOf(caller)),
    data: dataOf(change),
  };
  return { contentType: 'application/cloudevents+json; charset=UTF-8', body };
}

/** @see https://firebase.google.com/docs/reference/functions/2nd-gen/node/firebase-functions.firestore.firestoreauthevent */
function authOf(caller: Caller): { authtype: string; authid?: string } {
  if (caller.kind === 'owner') return { authtype: 'service_account' };
  if (caller.auth === null) return { authtype: 'unauthenticated' };
  return { authtype: 'unknown', authid: caller.auth.uid };
}

function timeOf({ after }: DocumentChange): string {
  return documentJson(after).updateTime ?? new Date().toISOString();
}

/** A document in JSON; an empty object for none. */
function documentJson(document: v1.Document | undefined): DocumentJson {
  if (document === undefined) return {};
  return toJson(methodShape('GetDocument').responseType, document) as DocumentJson;
}
