/** Parses storage events about originals. Loaded at every cold start, so it imports no Google client. */
import type { Config } from '../config/config.js';
import { ownerOf, type Owner } from '../domain/path.js';
import type { OriginalInfo } from '../domain/records.js';

/** An original was deleted or archived. */
export interface DeletedEvent {
  owner: Owner;
  original: Pick<OriginalInfo, 'bucket' | 'name' | 'generation'>;
  /** Time of the event, milliseconds since 1970. */
  time: number;
}

/** The upload of an original was finalized. */
export interface FinalizedEvent extends DeletedEvent {
  original: OriginalInfo;
}

/** The fields of a storage CloudEvent that are used. */
export interface StorageObjectEvent {
  /** ISO 8601. */
  time: string;
  data: {
    bucket: string;
    name: string;
    generation: number | string;
    size: number | string;
    contentType?: string;
  };
}

/** @returns undefined when the object is not an original; renditions cause the same events */
export function parseOriginalEvent(
  { data, time }: StorageObjectEvent,
  { bucket, originalsPath }: Pick<Config, 'bucket' | 'originalsPath'>,
): FinalizedEvent | undefined {
  if (data.bucket !== bucket) return undefined;
  const owner = ownerOf(originalsPath, data.name);
  if (owner === undefined) return undefined;
  const original = {
    bucket,
    name: data.name,
    generation: String(data.generation),
    contentType: data.contentType ?? 'application/octet-stream',
    bytes: Number(data.size),
  };
  return { owner, original, time: Date.parse(time) };
}
