/** Releases images that the content filter holds, for servers. */
import { randomBytes } from 'node:crypto';
import type { CollectionReference, Firestore, Timestamp } from 'firebase-admin/firestore';
import type { Config } from '../config/config.js';
import { releaseAttemptId } from '../domain/attempt-id.js';
import { fillTemplate, type Owner } from '../domain/path.js';
import type { ImageRecord } from '../domain/records.js';
import { toRenditions } from '../domain/sharing.js';
import { mayRelease, recognizedRecord } from '../domain/transitions.js';
import { SharingFailure } from '../errors.js';
import { SERVER_TIME } from './documents.js';
import type { Records } from './records.js';

/** What a release publishes. */
export type HeldImage = Pick<ImageRecord, 'original' | 'variants' | 'placeholder' | 'settings'>;

export interface HeldImages {
  /**
   * Begins a release in one transaction.
   * @param generation of the only upload that may be released; absent: any
   * @param now milliseconds since 1970
   * @returns undefined when that upload is not held, or an upload over it is being processed
   * @throws SharingFailure `no-image`
   */
  begin(
    owner: Owner,
    attempt: string,
    generation: string | undefined,
    now: number,
  ): Promise<HeldImage | undefined>;
}

export function openHeldImages(
  firestore: Firestore,
  { imagesCollection }: Pick<Config, 'imagesCollection'>,
): HeldImages {
  return {
    begin({ uid, imageId }, attempt, generation, now) {
      const images = firestore.collection(
        fillTemplate(imagesCollection, { uid }),
      ) as CollectionReference<ImageRecord<Timestamp>>;
      const image = images.doc(imageId);
      return firestore.runTransaction(async (transaction) => {
        const stored = recognizedRecord((await transaction.get(image)).data());
        if (stored === undefined) throw new SharingFailure('no-image');
        if (!mayRelease(stored, generation, now)) return undefined;
        transaction.update(image, { attempt, updatedAt: SERVER_TIME });
        return stored;
      });
    },
  };
}

export interface ReleaseContext {
  held: HeldImages;
  records: Pick<Records, 'finish'>;
  /** Absent: the bucket of the original. */
  variantsBucket?: string | undefined;
  /** Milliseconds since 1970. */
  now: () => number;
}

/**
 * Publishes a held image: its token records get its renditions, and the image record becomes `ready`. As an attempt,
 * so that of two releases, or a release and an upload, the newer one wins. May be repeated after an error.
 * @param generation of the only upload that may be released; absent: any
 * @returns false when that upload is not held, or an upload over it is being processed
 * @throws SharingFailure `no-image`, or an error of Firestore
 */
export async function releaseHeldImage(
  owner: Owner,
  generation: string | undefined,
  { held, records, variantsBucket, now }: ReleaseContext,
): Promise<boolean> {
  const attempt = releaseAttemptId(now(), randomBytes(6).toString('base64url'));
  const image = await held.begin(owner, attempt, generation, now());
  const { variants, placeholder, original, settings = '' } = image ?? {};
  if (variants === undefined || placeholder === undefined || original === undefined) return false;
  const bucket = variantsBucket ?? original.bucket;
  const renditions = toRenditions(variants);
  const result = { original, variantsBucket: bucket, placeholder, variants, renditions };
  return records.finish(owner, attempt, result, { renditions: settings });
}
