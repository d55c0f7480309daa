/** Handlers of the functions on Firestore and Storage of the local stack, with queues in memory. */
import { examine } from '../../functions/src/cli/doctor/examine.js';
import { parseConfig } from '../../functions/src/config/config.js';
import { openBackend, type Backend } from '../../functions/src/gcp/backend.js';
import { openHeldImages } from '../../functions/src/gcp/held-images.js';
import { inMemoryBackend } from '../../functions/test/gcp/in-memory-backend.js';
import { PARAMETERS, TestHarness } from '../../functions/test/lifecycle/test-harness.js';
import { emulatorEnvironment } from '../../tools/dev/stack/stack-context.js';
import { productsFirestore, type BackendTestContext } from './stack.js';

export type StackHarness = ReturnType<typeof openStackHarness>;

/**
 * Opens paths and collections that the deployed functions do not use.
 * @param root begins their names
 * @param changes parameters that differ
 */
export function openStackHarness(
  context: BackendTestContext,
  root: string,
  changes: Record<string, string> = {},
) {
  const parameters = {
    BUCKET: context.stack.bucket,
    ORIGINALS_PATH: `${root}/{uid}/{imageId}`,
    VARIANTS_PATH: `${root}Variants`,
    IMAGES_COLLECTION: `${root}/{uid}/${root}Images`,
    SHARES_COLLECTION: `${root}/{uid}/${root}Shares`,
    TOKENS_COLLECTION: `${root}Tokens`,
    JOBS_COLLECTION: `${root}Jobs`,
    REVOCATION_SECONDS: '0',
    ...changes,
  };
  let offset = 0;
  /** Milliseconds since 1970; may be set to a later time. */
  const time = {
    get now() {
      return Date.now() + offset;
    },
    set now(at: number) {
      offset += Math.max(0, at - time.now);
    },
  };
  const now = () => time.now;
  const { tasks, queues } = inMemoryBackend({ now });
  const stackBackend = openBackend(
    parseConfig({ ...PARAMETERS, ...parameters }),
    emulatorEnvironment(context.stack),
    now,
  );
  const objects: Backend['objects'] = {
    ...stackBackend.objects,
    async deleteOriginal(name, generation) {
      await stackBackend.objects.deleteOriginal(name, generation);
      // Storage emits the same event whether a client or a function deletes an object.
      if ((await stackBackend.objects.findOriginal(name)) === undefined)
        harness.noticeDeleted(name);
    },
  };
  const bucket = {
    put: (name: string, data: Buffer) => context.uploadAsAdmin(name, data),
    delete: async (name: string) => void (await context.bucket.file(name).delete()),
  };
  const held = openHeldImages(productsFirestore(), parseConfig({ ...PARAMETERS, ...parameters }));
  const backend = { ...stackBackend, objects, queues, held };
  const harness = new TestHarness({ backend, bucket, tasks, now, parameters });
  /** What the doctor finds, without a grace period for recent uploads. */
  const findings = () => {
    const lifecycle = { config: harness.config, backend, now, log: () => {} };
    return examine(lifecycle, { graceMs: 0 });
  };
  return { harness, backend, time, findings };
}
