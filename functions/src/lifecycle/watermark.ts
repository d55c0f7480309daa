/** Reads the object of WATERMARK, and keeps it in the memory of the instance. */
import { MAX_WATERMARK_BYTES, type WatermarkSettings } from '../domain/watermark.js';
import { ImageFailure } from '../errors.js';
import type { Objects } from '../gcp/objects.js';
import type { Watermark } from '../processing/effects.js';

/** How long it is used without a look whether it was replaced, milliseconds. */
const MAX_AGE_MS = 60_000;

/**
 * @param now milliseconds since 1970
 * @returns a function that reads the watermark; uploads at the same time share the read. It throws an ImageFailure
 *   `watermark-unavailable` when there is no such object, or it has too many bytes, and transient errors.
 */
export function openWatermark(
  settings: WatermarkSettings,
  objects: Pick<Objects, 'findOriginal' | 'readOriginal'>,
  now: () => number,
): () => Promise<Watermark> {
  let cached: { generation: string; watermark: Watermark } | undefined;
  let reading: { watermark: Promise<Watermark>; since: number } | undefined;

  async function read(): Promise<Watermark> {
    const { object, ...placement } = settings;
    const found = await objects.findOriginal(object);
    if (found === undefined) throw unavailable('expected the object of WATERMARK, found none');
    const { generation, bytes: size } = found;
    if (cached?.generation === generation) return cached.watermark;
    if (size > MAX_WATERMARK_BYTES) {
      throw unavailable(
        `expected a watermark of at most ${MAX_WATERMARK_BYTES} bytes, found ${size}`,
      );
    }
    const bytes = await objects.readOriginal(object, generation);
    if (bytes === undefined) throw unavailable('expected the object of WATERMARK, found another');
    cached = { generation, watermark: { ...placement, bytes } };
    return cached.watermark;
  }

  return () => {
    if (reading === undefined || now() - reading.since > MAX_AGE_MS) {
      const current = { watermark: read(), since: now() };
      reading = current;
      // A failure is not kept: the next upload looks again.
      current.watermark.catch(() => {
        if (reading === current) reading = undefined;
      });
    }
    return reading.watermark;
  };
}

function unavailable(detail: string): ImageFailure {
  return new ImageFailure('watermark-unavailable', detail);
}
