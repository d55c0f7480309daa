import { ImagesError, type Image, type WaitOptions } from 'storage-public-variants-client';
import type { DemoUser } from '../start/demo-user.js';

/**
 * Waits until an image record is `ready` or `failed`; unlike `images.waitFor`, both are results.
 * @throws ImagesError `timeout`, `canceled`, `permission-denied`
 */
export async function waitForImage(
  { images }: Pick<DemoUser, 'images'>,
  { imageId, ...options }: WaitOptions & { imageId: string },
): Promise<Image> {
  try {
    return await images.waitFor(imageId, options);
  } catch (error) {
    if (error instanceof ImagesError && error.image) return error.image;
    throw error;
  }
}
