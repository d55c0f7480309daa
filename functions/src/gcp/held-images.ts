/** Releases images that the content filter holds, for servers. */
import { randomBytes } from 'node:crypto';
import type { CollectionReference, Firestore, Timestamp } from 'firebase-admin/firestore';
import type { Config } from '../config/config.js';
import { attemptId, mayBeRunning } from '../domain/attempt-id.js';
import { fillTemplate, type Owner } from '../domain/path.js';
import type { ImageRecord } from '../domain/records.js';
import { toRenditions } from '../domain/sharing.js';
import { recognizedRecord } from '../domain/transitions.js';
import { SharingFailure } from '../errors.js';
import { SERVER_TIME } from './documents.js';
import type { Records } from './records.js';

/**
 * Publishes a held image: its token records get its renditions, and the image record becomes `ready`. As an attempt,
 * so that of two releases, or a release and an upload, the newer one wins. May be repeated after an error.
 * @param clock milliseconds since 1970
 * @returns false when the image is not held, or an upload over it is being processed
 * @throws SharingFailure `no-image`, or an error of Firestore
 */
export async function releaseHeldImage(
  firestore: Firestore,
  {
    imagesCollection,
    variantsBucket,
  }: Pick<Config, 'imagesCollection'> & { variantsBucket?: string | undefined },
  records: Pick<Records, 'finish'>,
  owner: Owner,
  clock: () => number,
): Promise<boolean> {
  const images = firestore.collection(
    fillTemplate(imagesCollection, { uid: owner.uid }),
  ) as CollectionReference<ImageRecord<Timestamp>>;
  const image = images.doc(owner.imageId);
  const attempt = attemptId(clock(), randomBytes(6).toString('base64url'));
  const held = await firestore.runTransaction(async (transaction) => {
    const stored = recognizedRecord((await transaction.get(image)).data());
    if (stored === undefined) throw new SharingFailure('no-image');
    if (stored.state !== 'held') return undefined;
    if (stored.attempt !== undefined && mayBeRunning(stored.attempt, clock())) return undefined;
    transaction.update(image, { attempt, updatedAt: SERVER_TIME });
    return stored;
  });
  const { variants, placeholder, original, settings = '' } = held ?? {};
  if (variants === undefined || placeholder === undefined || original === undefined) return false;
  const bucket = variantsBucket ?? original.bucket;
  const renditions = toRenditions(variants);
  const result = { original, variantsBucket: bucket, placeholder, variants, renditions };
  return records.finish(owner, attempt, result, { renditions: settings });
}
