/**
 * Sharing without the callable, for servers: the entry `/admin` of the client package is bundled from this, so that
 * its transactions are those of the deployed functions.
 */
import type { Firestore, Timestamp } from 'firebase-admin/firestore';
import { openSealOpener } from '../domain/seal.js';
import { parseSealingKeys } from '../domain/sealing-keys.js';
import { isDocumentId, parseTemplate, type PathTemplate } from '../domain/path.js';
import type { TokenRecord } from '../domain/records.js';
import { deadBy } from '../domain/sharing.js';
import type { RevokeTask } from '../domain/tasks.js';
import { hashToken } from '../domain/token.js';
import { SharingFailure } from '../errors.js';
import { openHeldImages, releaseHeldImage } from '../gcp/held-images.js';
import { openRecords } from '../gcp/records.js';
import { openShares } from '../gcp/shares.js';
import { parseSharingInput, type InputConfig } from './input.js';
import { revokeUserTokens } from './revoke-user-tokens.js';
import { runSharingAction, type SharingAnswer } from './sharing.js';

export { SHARING_FAILURES, SharingFailure } from '../errors.js';
export { isSealed } from '../domain/seal-codec.js';
export { seal } from '../domain/seal.js';
export { isToken } from '../domain/token.js';

/** The deployed parameters. */
export interface AdminSharingOptions {
  imagesCollection: string;
  sharesCollection: string;
  tokensCollection: string;
  revocationSeconds: number;
  /** The bucket of the renditions; absent: that of the original. */
  variantsBucket?: string | undefined;
}

/** All times are milliseconds since 1970. */
export interface AdminSharing {
  /**
   * Does what a call of `sharing` by this user does; SHARE_MAX_DAYS and the limit of calls do not apply.
   * @param data the input of the call
   * @throws SharingFailure, or an error of Firestore
   */
  run(uid: string, data: object): Promise<SharingAnswer>;
  /**
   * Revokes all tokens of all images of a user that exist now.
   * @returns the number of images, and when the URLs are dead everywhere
   */
  revokeUser(uid: string): Promise<{ images: number; deadBy: number }>;
  /**
   * Publishes an image that the content filter holds.
   * @param generation of the only upload that may be released; absent: any
   * @returns false when that upload is not held, or is being processed
   * @throws SharingFailure, or an error of Firestore
   */
  release(uid: string, imageId: string, generation?: string): Promise<boolean>;
  /** Finds what a token belongs to. */
  findToken(token: string): Promise<TokenRecord<Timestamp> | undefined>;
  /** Deletes a token record that `sharing` did not create. @returns when its URLs are dead everywhere */
  deleteToken(token: string): Promise<number>;
}

/** A server publishes no events: it knows what it does. */
const NO_EVENTS = { config: {}, log: () => {} };
const events = { publish: () => Promise.resolve() };

/** SHARE_MAX_DAYS limits owners, not servers; names of variants that do not exist have no effect. */
const CONFIG: InputConfig = { shareMaxDays: 0 };

/**
 * @param clock milliseconds since 1970
 * @throws TypeError when a collection is not valid
 */
export function openAdminSharing(
  firestore: Firestore,
  options: AdminSharingOptions,
  clock: () => number = Date.now,
): AdminSharing {
  const { tokensCollection, revocationSeconds, variantsBucket } = options;
  const config = {
    imagesCollection: parseCollection(options.imagesCollection),
    sharesCollection: parseCollection(options.sharesCollection),
    tokensCollection,
    // Used for uploads only.
    jobsCollection: '-',
    revocationSeconds,
    variantsBucket,
  };
  const records = openRecords(firestore, config, clock);
  const shares = openShares(firestore, config, clock);
  const held = openHeldImages(firestore, config);
  const tokens = firestore.collection(tokensCollection);
  const boundFromNow = () => deadBy({ revokedAt: clock(), revocationSeconds });

  async function revokeUser(uid: string, revokeBefore: number): Promise<number> {
    let images = 0;
    let next: RevokeTask | undefined = { uid, revokeBefore };
    const queues = {
      enqueuePurge: (task: object) => {
        next = task as RevokeTask;
        return Promise.resolve();
      },
    };
    while (next !== undefined) {
      const task: RevokeTask = next;
      next = undefined;
      images += await revokeUserTokens(task, {
        backend: { records, shares, queues, events },
        ...NO_EVENTS,
      });
    }
    return images;
  }

  return {
    async run(uid, data) {
      assertId('uid', uid);
      const enqueuePurge = () => Promise.reject(new TypeError('Expected the id of an image'));
      const backend = { shares, queues: { enqueuePurge }, events };
      const input = parseSharingInput(data, CONFIG);
      if (input.action === 'setFocus') throw new SharingFailure('invalid-input');
      return runSharingAction(uid, input, { backend, now: clock, ...NO_EVENTS });
    },
    async revokeUser(uid) {
      assertId('uid', uid);
      const images = await revokeUser(uid, clock());
      return { images, deadBy: boundFromNow() };
    },
    async release(uid, imageId, generation) {
      assertId('uid', uid);
      assertId('imageId', imageId);
      const context = { held, records, variantsBucket, now: clock };
      return releaseHeldImage({ uid, imageId }, generation, context);
    },
    async findToken(token) {
      const record = await tokens.doc(hashToken(token)).get();
      return record.data() as TokenRecord<Timestamp> | undefined;
    },
    async deleteToken(token) {
      await tokens.doc(hashToken(token)).delete();
      return boundFromNow();
    },
  };
}

/**
 * Opens the sealed token of a public URL.
 * @param sealingKeys SEALING_KEYS
 * @returns the token; undefined when the link was not sealed for these keys and this bucket
 * @throws TypeError without keys or a bucket
 */
export function openSealed(
  sealed: string,
  sealingKeys: string,
  bucket: string,
): string | undefined {
  const keys = parseSealingKeys(sealingKeys);
  if ('expected' in keys) {
    throw new TypeError(`sealingKeys: expected ${keys.expected}, found ${keys.found}`);
  }
  if (keys.length === 0 || bucket === '') {
    throw new TypeError('Expected sealingKeys and bucket for a sealed link, found none');
  }
  return openSealOpener(keys, bucket).open(sealed)?.token;
}

function parseCollection(text: string): PathTemplate {
  const template = parseTemplate(text, ['uid']);
  if (typeof template !== 'string') return template;
  throw new TypeError(`Expected ${template}, found "${text}"`);
}

/**
 * Checks an id: the uid of a call is that of its ID token, but a server may have it from a request, and one with a
 * slash would be another path.
 * @throws SharingFailure `invalid-input`
 */
export function assertId(name: 'uid' | 'imageId', id: string): void {
  if (typeof id === 'string' && isDocumentId(id)) return;
  const message = `Expected the id of ${name === 'uid' ? 'a user' : 'an image'}`;
  throw new SharingFailure('invalid-input', { issues: [{ path: name, message }] });
}
