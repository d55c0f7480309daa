/** Test data of the access table: an image in each state, and the users who are its actors. */
import { deleteObject, ref } from 'firebase/storage';
import { FieldValue } from 'firebase-admin/firestore';
import { newImageId } from 'storage-public-variants-client';
import { renditionName } from '../../functions/src/domain/path.js';
import type { ImageRecord } from '../../functions/src/domain/records.js';
import { hashToken, mintToken } from '../../functions/src/domain/token.js';
import type { DemoUser } from '../../tools/dev/start/demo-user.js';
import { waitForImage } from '../../tools/dev/stack/wait-for-image.js';
import { eventually } from '../support/eventually.js';
import { statusOf } from '../support/http.js';
import { plainJpeg } from '../support/pictures.js';
import { emailUser, uploadForLink } from '../support/rest.js';
import type { TestContext } from '../support/stack.js';
import type { Actor, State } from './table.js';

/** The objects, documents and secrets of one image. */
export interface Image {
  owner: DemoUser;
  imageId: string;
  state: State;
  /** Object names. */
  original: string;
  rendition: string;
  /** Document paths. */
  imageRecord: string;
  shareRecord: string;
  tokenRecord: string;
  publicToken: string;
  /** The token that Cloud Storage assigned to the upload; revoked by now. */
  downloadToken: string;
}

interface Users {
  owner: DemoUser;
  anonymousOwner: DemoUser;
  otherUser: DemoUser;
  stranger: DemoUser;
}

/** Greater than every generation of Cloud Storage. */
const NEWEST_GENERATION = '9'.repeat(18);

/** The images of a test run: each is created on first use, and created again after `discard`. */
export class AccessFixture {
  readonly #images = new Map<string, Promise<Image>>();

  private constructor(
    private readonly context: TestContext,
    private readonly users: Users,
  ) {}

  static async open(context: TestContext): Promise<AccessFixture> {
    const [owner, anonymousOwner, otherUser, stranger] = await Promise.all([
      emailUser(context),
      context.user(),
      emailUser(context),
      context.user(),
    ]);
    return new AccessFixture(context, { owner, anonymousOwner, otherUser, stranger });
  }

  /** The image of the actor, or of `owner` for actors without an image. */
  image(actor: Actor, state: State): Promise<Image> {
    const { owner, anonymousOwner } = this.users;
    return this.#image(actor === 'anonymous owner' ? anonymousOwner : owner, state);
  }

  /** A ready image of a user who is none of the actors. */
  stranger(): Promise<Image> {
    return this.#image(this.users.stranger, 'ready');
  }

  /** After an act has changed an image, the next call of `image` creates a new one. */
  discard({ owner, state }: Image): void {
    this.#images.delete(keyOf(owner, state));
  }

  /** The user that an actor is signed in as; undefined when signed out. */
  userOf(actor: Actor): DemoUser | undefined {
    const { owner, anonymousOwner, otherUser } = this.users;
    if (actor === 'owner') return owner;
    if (actor === 'anonymous owner') return anonymousOwner;
    return actor === 'other user' ? otherUser : undefined;
  }

  #image(owner: DemoUser, state: State): Promise<Image> {
    const key = keyOf(owner, state);
    const image = this.#images.get(key) ?? createImage(this.context, owner, state);
    this.#images.set(key, image);
    return image;
  }
}

function keyOf({ uid }: DemoUser, state: State): string {
  return `${uid} ${state}`;
}

/** Uploads an image and brings it into a state. */
export async function createImage(
  context: TestContext,
  owner: DemoUser,
  state: State,
): Promise<Image> {
  const imageId = newImageId();
  const { uid } = owner;
  const original = `originals/${uid}/${imageId}`;
  const imageRecord = `users/${uid}/images/${imageId}`;
  const reserved = state === 'processing' ? await reserve(context, owner, imageId) : undefined;

  // Large enough for w800 to have its own object.
  const data =
    state === 'failed' ? Buffer.from('not an image') : await plainJpeg(900, 40, '#808000');
  const { generation, downloadToken } = await uploadForLink(context, owner, original, data);
  const link = `${context.objectUrl(original)}&token=${downloadToken}`;
  // originalFinalized has received this upload.
  await eventually(
    () => statusOf(link),
    (status) => expect(status).toBe(403),
  );
  const publicToken = reserved ?? (await waitForImage(owner, { imageId, generation })).token;

  const image: Image = {
    owner,
    imageId,
    state,
    original,
    rendition: await nameRendition(context, imageRecord, original, generation),
    imageRecord,
    shareRecord: await addShare(context, owner, imageId),
    tokenRecord: `imageTokens/${hashToken(publicToken)}`,
    publicToken,
    downloadToken,
  };
  if (state === 'held') await hold(context, image);
  if (state === 'revoked') await context.firestore.doc(image.tokenRecord).delete();
  if (state === 'deleted') {
    await deleteObject(ref(owner.storage, original));
    await eventually(
      async () => (await context.bucket.file(image.rendition).exists())[0],
      (exists) => expect(exists).toBe(false),
    );
  }
  return image;
}

/** Changes the records as the functions do for an upload that the content filter holds; the stack has no filter. */
async function hold({ firestore }: TestContext, image: Image): Promise<void> {
  const batch = firestore.batch();
  batch.update(firestore.doc(image.imageRecord), { state: 'held' });
  batch.update(firestore.doc(image.tokenRecord), { image: FieldValue.delete() });
  await batch.commit();
}

/** Adds a revoked share. @returns the path of its record */
async function addShare(
  { firestore }: TestContext,
  { uid }: DemoUser,
  imageId: string,
): Promise<string> {
  const shareRecord = `users/${uid}/imageShares/share-of-${imageId}`;
  const time = new Date();
  await firestore.doc(shareRecord).set({
    imageId,
    state: 'revoked',
    tokenHash: hashToken(mintToken()),
    revokedAt: time,
    revocationSeconds: 60,
    createdAt: time,
    updatedAt: time,
  });
  return shareRecord;
}

/** The object name of w800.webp; if there is none, the name that it would have. */
async function nameRendition(
  { stack, firestore }: TestContext,
  imageRecord: string,
  name: string,
  generation: string,
): Promise<string> {
  const { variants } = ((await firestore.doc(imageRecord).get()).data() ??
    {}) as Partial<ImageRecord>;
  const existing = variants?.['w800']?.formats.webp?.object;
  const original = { bucket: stack.bucket, name, generation };
  return existing ?? renditionName('variants', original, 'w800', 'webp', Buffer.alloc(0));
}

/**
 * Keeps an image in `processing`: its record has a newer generation, so that processImage ignores
 * the upload of this test.
 *
 * @returns the public token
 */
async function reserve(context: TestContext, { uid }: DemoUser, imageId: string): Promise<string> {
  const publicToken = mintToken();
  const { firestore } = context;
  const createdAt = new Date();
  const batch = firestore.batch();
  batch.set(firestore.doc(`users/${uid}/images/${imageId}`), {
    state: 'processing',
    original: {
      bucket: context.stack.bucket,
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
