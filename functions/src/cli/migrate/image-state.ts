/** Compares an old image with its copy and the image record of that copy. */
import type { ImageRecord } from '../../domain/records.js';
import type { Owner } from '../../domain/path.js';
import type { ForeignObject, Migration } from '../../gcp/migration.js';
import { compareGenerations } from '../../domain/transitions.js';
import type { OldImage } from './survey.js';

/** What the commands read and change the new installation with. */
export interface Access {
  migration: Migration;
  /** Of the new originals. */
  bucket: string;
  findImage: (owner: Owner) => Promise<ImageRecord<number> | undefined>;
}

/**
 * - `absent`: there is no copy
 * - `outdated`: the old object was overwritten since it was copied
 * - `processing`: there is no record of the copy yet
 * - `isReplaced`: its owner has uploaded another image over the copy
 * - `held`: the content filter wants somebody to look at it first
 */
export type ImageState =
  | { state: 'absent' }
  | { state: 'outdated'; copy: ForeignObject }
  | { state: 'processing'; copy: ForeignObject }
  | {
      state: 'ready' | 'failed' | 'held';
      isReplaced: boolean;
      copy: ForeignObject;
      record: ImageRecord<number>;
    };

/** What is said about a held image. */
export const HELD = 'held for review by the content filter: release or delete it';

/** Two reads: the copy and its record. */
export async function stateOf(image: OldImage, access: Access): Promise<ImageState> {
  const { migration, bucket, findImage } = access;
  const copy = await migration.findObject({ bucket, name: image.target });
  if (copy === undefined) return { state: 'absent' };
  const isReplaced = copy.copyOf === undefined;
  if (!isReplaced && copy.copyOf !== image.object.generation) return { state: 'outdated', copy };
  const record = await findImage(image);
  const isOfCopy =
    record !== undefined &&
    compareGenerations(record.original, { generation: copy.generation }) >= 0;
  return isOfCopy && record.state !== 'processing'
    ? { state: record.state, isReplaced, copy, record }
    : { state: 'processing', copy };
}
