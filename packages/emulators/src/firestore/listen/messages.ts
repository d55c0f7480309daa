/** Builds the messages of Listen streams. Equal messages of one read time are built once. */
import type * as v1 from '../v1.js';

/** The targets that one message about a document is for. */
export interface DocumentTargets {
  targetIds: readonly number[];
  removedTargetIds: readonly number[];
}

export type TargetChangeType = 'ADD' | 'REMOVE' | 'CURRENT' | 'RESET' | 'NO_CHANGE';

/** Messages of one read time, shared by all streams that send the same. */
export class MessageCache {
  readonly #messages = new Map<string, v1.ListenResponse>();
  #snapshot: v1.ListenResponse | undefined;

  constructor(
    readonly readTime: v1.Timestamp,
    readonly resumeToken: Buffer,
  ) {}

  /** The document has this content; it left the results of the removed targets. */
  change(document: v1.Document, variant: string, targets: DocumentTargets): v1.ListenResponse {
    return this.#shared(`c${variant}`, document.name ?? '', targets, (ids) => ({
      documentChange: { document, ...ids },
    }));
  }

  /** The document does not exist. */
  delete(name: string, targets: DocumentTargets): v1.ListenResponse {
    return this.#shared('d', name, targets, ({ removedTargetIds }) => ({
      documentDelete: { document: name, removedTargetIds, readTime: this.readTime },
    }));
  }

  /** The document left the results of targets; its content is not sent. */
  remove(name: string, targets: DocumentTargets): v1.ListenResponse {
    return this.#shared('r', name, targets, ({ removedTargetIds }) => ({
      documentRemove: { document: name, removedTargetIds, readTime: this.readTime },
    }));
  }

  /** All targets of a stream are as of the read time. */
  snapshot(): v1.ListenResponse {
    return (this.#snapshot ??= this.targetChange('NO_CHANGE', []));
  }

  /** A change of targets with the read time and a resume token. */
  targetChange(targetChangeType: TargetChangeType, targetIds: number[]): v1.ListenResponse {
    const { readTime, resumeToken } = this;
    return { targetChange: { targetChangeType, targetIds, readTime, resumeToken } };
  }

  #shared(
    kind: string,
    name: string,
    { targetIds, removedTargetIds }: DocumentTargets,
    create: (ids: { targetIds: number[]; removedTargetIds: number[] }) => v1.ListenResponse,
  ): v1.ListenResponse {
    const key = `${name}\n${targetIds.join()}\n${removedTargetIds.join()}\n${kind}`;
    let message = this.#messages.get(key);
    if (!message) {
      message = create({ targetIds: [...targetIds], removedTargetIds: [...removedTargetIds] });
      this.#messages.set(key, message);
    }
    return message;
  }
}

/** A change of targets without a read time. */
export function targetChange(
  targetChangeType: TargetChangeType,
  targetId: number,
  cause?: { code: number; message: string },
): v1.ListenResponse {
  return { targetChange: { targetChangeType, targetIds: [targetId], ...(cause && { cause }) } };
}

/** Bytes of memory that a message about a document takes at most, roughly. */
export function estimateBytes(document: v1.Document | undefined): number {
  if (!document) return 200;
  let bytes = sizes.get(document);
  if (bytes === undefined) {
    bytes = 200 + (document.name?.length ?? 0) + fieldsBytes(document.fields ?? {});
    sizes.set(document, bytes);
  }
  return bytes;
}

const sizes = new WeakMap<v1.Document, number>();

function fieldsBytes(fields: v1.Fields): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(fields)) bytes += name.length + 8 + valueBytes(value);
  return bytes;
}

function valueBytes(value: v1.Value): number {
  if (value.stringValue != null) return value.stringValue.length * 2;
  if (value.bytesValue != null) return value.bytesValue.length;
  if (value.referenceValue != null) return value.referenceValue.length;
  if (value.mapValue) return fieldsBytes(value.mapValue.fields ?? {});
  if (value.arrayValue) {
    return (value.arrayValue.values ?? []).reduce((sum, item) => sum + 8 + valueBytes(item), 0);
  }
  return 16;
}
