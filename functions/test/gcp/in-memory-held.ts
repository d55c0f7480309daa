/** Releases of held images, in memory: see in-memory-backend.ts. */
import { SharingFailure } from '../../src/errors.js';
import type { Owner } from '../../src/domain/path.js';
import type { ImageRecord } from '../../src/domain/records.js';
import { mayRelease, recognizedRecord } from '../../src/domain/transitions.js';
import type { HeldImages } from '../../src/gcp/held-images.js';
import type { Counted } from './counted.js';

export function inMemoryHeld({
  images,
  pathOf,
  counted,
  now,
}: {
  images: Map<string, ImageRecord<number>>;
  pathOf: (owner: Owner) => string;
  counted: Counted;
  /** Milliseconds since 1970. */
  now: () => number;
}): HeldImages {
  return {
    begin: counted('held.begin', (owner, attempt, generation, at) => {
      const path = pathOf(owner);
      const stored = recognizedRecord(images.get(path));
      if (stored === undefined) throw new SharingFailure('no-image');
      if (!mayRelease(stored, generation, at)) return undefined;
      images.set(path, { ...stored, attempt, updatedAt: now() });
      return stored;
    }),
  };
}
