/** Parses storage events about originals. Loaded at every cold start, so it imports no Google client. */
import type { Config } from '../config/config.js';
import { isOriginalName, ownerOf, type Owner } from '../domain/path.js';
import type { OriginalInfo } from '../domain/records.js';
import { DOWNLOAD_TOKENS } from '../gcp/objects.js';

/** An original was deleted or archived. */
export interface DeletedEvent {
  owner: Owner;
  original: Pick<OriginalInfo, 'bucket' | 'name' | 'generation'>;
  /** Time of the event, milliseconds since 1970. */
  time: number;
}

/** The upload of an original was finalized. */
export interface FinalizedEvent {
  /** Whether the ids in its name are valid; otherwise it has no records and is not processed. */
  hasOwner: boolean;
  original: OriginalInfo;
  /** Whether the object had a download token when the event was written. One that is added later has its own event. */
  hasDownloadToken: boolean;
  /** Time of the event, milliseconds since 1970. */
  time: number;
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
    /** Custom metadata. */
    metadata?: Record<string, string>;
  };
}

/** The longest media type that is kept, characters: type and subtype have 127 each (RFC 6838 section 4.2). */
const MAX_CONTENT_TYPE_LENGTH = 255;

type StorageConfig = Pick<Config, 'bucket' | 'originalsPath'>;

/** @returns undefined when the object is not where originals are; renditions cause the same events */
export function parseFinalizedEvent(
  { data, time }: StorageObjectEvent,
  { bucket, originalsPath }: StorageConfig,
): FinalizedEvent | undefined {
  if (data.bucket !== bucket || !isOriginalName(originalsPath, data.name)) return undefined;
  return {
    hasOwner: ownerOf(originalsPath, data.name) !== undefined,
    original: {
      bucket,
      name: data.name,
      generation: String(data.generation),
      // A client may declare any text.
      contentType: (data.contentType ?? 'application/octet-stream').slice(
        0,
        MAX_CONTENT_TYPE_LENGTH,
      ),
      bytes: Number(data.size),
    },
    hasDownloadToken: Boolean(data.metadata?.[DOWNLOAD_TOKENS]),
    time: Date.parse(time),
  };
}

/** @returns undefined when the object is not an original with valid ids; renditions cause the same events */
export function parseDeletedEvent(
  { data, time }: StorageObjectEvent,
  { bucket, originalsPath }: StorageConfig,
): DeletedEvent | undefined {
  const owner = data.bucket === bucket ? ownerOf(originalsPath, data.name) : undefined;
  if (owner === undefined) return undefined;
  const original = { bucket, name: data.name, generation: String(data.generation) };
  return { owner, original, time: Date.parse(time) };
}
