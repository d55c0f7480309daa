/** An upload of an original and a context for its handler; for tests of original-finalized.ts and process-upload.ts. */
import { parseConfig } from '../../src/config/config.js';
import type { OriginalInfo } from '../../src/domain/records.js';
import type { ProcessTask } from '../../src/domain/tasks.js';
import type { ProcessingContext } from '../../src/lifecycle/context.js';
import {
  processUpload,
  type ProcessDelivery,
  type UploadOutcome,
} from '../../src/lifecycle/process-upload.js';
import type { FinalizedEvent } from '../../src/lifecycle/original-event.js';
import type { ProcessedImage } from '../../src/processing/process-image.js';
import { inMemoryBackend } from '../gcp/in-memory-backend.js';

export const config = parseConfig({
  BUCKET: 'bucket',
  VARIANTS: 'w40:40,w20:20',
  FORMATS: 'webp,jpeg',
});
export const NOW = Date.UTC(2026, 0, 1);
export const NAME = 'originals/alice/cat@example.com.jpg';
export const OWNER = { uid: 'alice', imageId: 'cat@example.com.jpg' };

export const processed: ProcessedImage = {
  original: { width: 80, height: 60 },
  placeholder: { thumbhash: 'AAAA', color: '#102030' },
  renditions: ['w40', 'w20'].flatMap((variant) =>
    (['webp', 'jpeg'] as const).map((format) => ({
      variants: [variant],
      format,
      width: Number(variant.slice(1)),
      height: 30,
      data: Buffer.from(`${variant} ${format}`),
    })),
  ),
};

export function upload(changes: Partial<OriginalInfo> = {}): FinalizedEvent {
  const original = {
    bucket: 'bucket',
    name: NAME,
    generation: '1700000000000001',
    contentType: 'image/jpeg',
    bytes: 5,
    ...changes,
  };
  return { hasOwner: true, original, hasDownloadToken: true, time: NOW };
}

/** The task that the event enqueues. */
export function taskOf({ original }: FinalizedEvent): ProcessTask {
  const { name, generation, contentType, bytes } = original;
  return { name, generation, contentType, bytes };
}

/** Handles the task of an upload. */
export function process(
  event: FinalizedEvent,
  context: ProcessingContext,
  changes: Partial<ProcessTask & ProcessDelivery> = {},
): Promise<UploadOutcome> {
  const { retryCount = 0, random = () => 0.5, ...task } = changes;
  return processUpload({ ...taskOf(event), ...task }, { retryCount, random }, context);
}

export function setUp(overrides: Partial<ProcessingContext> = {}) {
  const time = { now: NOW };
  const backend = inMemoryBackend({ now: () => time.now });
  const logged: unknown[] = [];
  const processedUploads: Buffer[] = [];
  const context: ProcessingContext = {
    config,
    backend,
    processImage: (bytes) => {
      processedUploads.push(bytes);
      return Promise.resolve(processed);
    },
    now: () => time.now,
    log: (...line) => logged.push(line),
    ...overrides,
  };
  const put = ({ original }: FinalizedEvent) =>
    backend.originals.set(original.name, {
      generation: original.generation,
      data: Buffer.from('bytes'),
      hasDownloadToken: true,
    });
  const image = () => backend.images.get('users/alice/images/cat@example.com.jpg');
  return {
    backend,
    logged,
    processedUploads,
    processImage: context.processImage,
    context,
    put,
    image,
    /** The clock of the context and the backend. */
    time,
  };
}
