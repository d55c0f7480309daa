/** Sets the focal point of an image, and has it cropped again. */
import { randomUUID } from 'node:crypto';
import { fillTemplate, type Owner } from '../domain/path.js';
import { processTaskId } from '../domain/tasks.js';
import type { Point } from '../domain/variant.js';
import { SharingFailure } from '../errors.js';
import type { SharingContext } from './context.js';

/**
 * May be repeated; if it ends between the two steps, the caller repeats it.
 * @param focus undefined: removes it, so that crops are centered
 * @throws SharingFailure `no-image`, or an error of Cloud Storage or Cloud Tasks
 */
export async function setFocus(
  owner: Owner,
  focus: Point | undefined,
  { backend, config }: Pick<SharingContext, 'backend' | 'config'>,
): Promise<{ queued: true }> {
  const name = fillTemplate(config.originalsPath, owner);
  const original = await backend.objects.findOriginal(name);
  if (original === undefined) throw new SharingFailure('no-image');
  const { generation, contentType = 'application/octet-stream', bytes } = original;
  const isSet = await backend.objects.setFocus(name, generation, focus);
  if (!isSet) throw new SharingFailure('no-image');
  const task = { name, generation, contentType, bytes, cropAgain: randomUUID() };
  await backend.queues.enqueueProcess(task, processTaskId(config.bucket, task));
  return { queued: true };
}
