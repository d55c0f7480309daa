/** The scenes that attacks are played in: an image in each state, its owners, and the others. */
import { deleteObject, ref } from 'firebase/storage';
import { newImageId, waitForImage } from '../../packages/client/src/index.js';
import { renditionName } from '../../functions/src/domain/path.js';
import type { ImageRecord } from '../../functions/src/domain/records.js';
import { hashToken, mintToken } from '../../functions/src/domain/token.js';
import type { DemoUser } from '../../tools/dev/start/demo-user.js';
import { eventually } from '../support/eventually.js';
import { statusOf } from '../support/http.js';
import { plainJpeg } from '../support/pictures.js';
import { emailUser, uploadForLink } from '../support/rest.js';
import type { TestContext } from '../support/stack.js';
import type { Actor, State } from './table.js';

/** Where all of one image is, and the secrets that have to do with it. */
export interface Image {
  owner: DemoUser;
  imageId: string;
  state: State;
  /** Names of objects. */
  original: string;
  rendition: string;
  /** Paths of documents. */
  imageRecord: string;
  tokenRecord: string;
  publicToken: string;
  /** The one that Storage gave to the upload; stripped by now. */
  downloadToken: string;
}

interface People {
  owner: DemoUser;
  anonymousOwner: DemoUser;
  otherUser: DemoUser;
  stranger: DemoUser;
}

/** Greater than every generation of Storage's. */
const NEWEST_GENERATION = '9'.repeat(18);

/** The images of a test run: each is made when it is asked for, and anew after it was spoilt. */
export class AccessFixture {
  readonly #images = new Map<string, Promise<Image>>();

  private constructor(
    private readonly stage: TestContext,
    private readonly people: People,
  ) {}

  static async open(stage: TestContext): Promise<AccessFixture> {
    const [owner, anonymousOwner, otherUser, stranger] = await Promise.all([
      emailUser(stage),
      stage.user(),
      emailUser(stage),
      stage.user(),
    ]);
    return new AccessFixture(stage, { owner, anonymousOwner, otherUser, stranger });
  }

  /** The image that an actor has to do with. */
  image(actor: Actor, state: State): Promise<Image> {
    const { owner, anonymousOwner } = this.people;
    return this.#image(actor === 'anonymous owner' ? anonymousOwner : owner, state);
  }

  /** A ready image of a user who is none of the actors. */
  stranger(): Promise<Image> {
    return this.#image(this.people.stranger, 'ready');
  }

  /** After an act that has changed an image: the next who asks gets a new one. */
  spoil({ owner, state }: Image): void {
    this.#images.delete(keyOf(owner, state));
  }

  /** Who an actor is signed in as; undefined: signed out. */
  userOf(actor: Actor): DemoUser | undefined {
    const { owner, anonymousOwner, otherUser } = this.people;
    if (actor === 'owner') return owner;
    if (actor === 'anonymous owner') return anonymousOwner;
    return actor === 'other user' ? otherUser : undefined;
  }

  #image(owner: DemoUser, state: State): Promise<Image> {
    const key = keyOf(owner, state);
    const image = this.#images.get(key) ?? makeImage(this.stage, owner, state);
    this.#images.set(key, image);
    return image;
  }
}

function keyOf({ uid }: DemoUser, state: State): string {
  return `${uid} ${state}`;
}

/** Uploads an image and brings it into a state. */
export async function makeImage(stage: TestContext, owner: DemoUser, state: State): Promise<Image> {
  const imageId = newImageId();
  const { uid, firestore } = owner;
  const original = `originals/${uid}/${imageId}`;
  const imageRecord = `users/${uid}/images/${imageId}`;
  const reserved = state === 'processing' ? await reserve(stage, owner, imageId) : undefined;

  // Large enough for w800 to be an object of its own.
  const data = state === 'failed' ? Buffer.from('no picture') : await plainJpeg(900, 40, '#808000');
  const { generation, downloadToken } = await uploadForLink(stage, owner, original, data);
  const link = `${stage.objectUrl(original)}&token=${downloadToken}`;
  // Ingest strips first and looks at the records then: it has seen this upload.
  await eventually(
    () => statusOf(link),
    (status) => expect(status).toBe(403),
  );
  const publicToken =
    reserved ?? (await waitForImage(firestore, { uid, imageId, generation })).token;

  const image: Image = {
    owner,
    imageId,
    state,
    original,
    rendition: await nameRendition(stage, imageRecord, original, generation),
    imageRecord,
    tokenRecord: `imageTokens/${hashToken(publicToken)}`,
    publicToken,
    downloadToken,
  };
  if (state === 'revoked') await stage.firestore.doc(image.tokenRecord).delete();
  if (state === 'deleted') {
    await deleteObject(ref(owner.storage, original));
    await eventually(
      async () => (await stage.bucket.file(image.rendition).exists())[0],
      (exists) => expect(exists).toBe(false),
    );
  }
  return image;
}

/** Where w800 is, or would be if there were one. */
async function nameRendition(
  { stack, firestore }: TestContext,
  imageRecord: string,
  name: string,
  generation: string,
): Promise<string> {
  const { variants } = ((await firestore.doc(imageRecord).get()).data() ??
    {}) as Partial<ImageRecord>;
  const made = variants?.['w800']?.formats.webp?.object;
  const original = { bucket: stack.bucket, name, generation };
  return made ?? renditionName('variants', original, 'w800', 'webp', Buffer.alloc(0));
}

/**
 * Keeps an image `processing`: its record says that a newer upload is being worked on, so that ingest
 * leaves the one that is made here alone.
 */
async function reserve(stage: TestContext, { uid }: DemoUser, imageId: string): Promise<string> {
  const publicToken = mintToken();
  const { firestore } = stage;
  const createdAt = new Date();
  const batch = firestore.batch();
  batch.set(firestore.doc(`users/${uid}/images/${imageId}`), {
    state: 'processing',
    original: {
      bucket: stage.stack.bucket,
      name: `originals/${uid}/${imageId}`,
      generation: NEWEST_GENERATION,
      contentType: 'image/jpeg',
      bytes: 1,
    },
    token: publicToken,
    createdAt,
    updatedAt: createdAt,
  });
  batch.set(firestore.doc(`imageTokens/${hashToken(publicToken)}`), {
    uid,
    imageId,
    kind: 'default',
    createdAt,
  });
  await batch.commit();
  return publicToken;
}
