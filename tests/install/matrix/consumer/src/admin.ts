import { getFirestore } from 'firebase-admin/firestore';
import { pictureHtml } from 'storage-public-variants-client';
import { createAdminImages, ImagesError } from 'storage-public-variants-client/admin';

const images = createAdminImages({
  firestore: getFirestore(),
  baseUrl: 'https://photos.example/i',
  revocationSeconds: 300,
});

// @ts-expect-error: not a Firestore
createAdminImages({ firestore: {}, baseUrl: '/i' });

/** A page of a server. */
export async function render(uid: string, imageId: string): Promise<string | undefined> {
  const image = await images.get(uid, imageId);
  return image && pictureHtml('https://photos.example/i', image, { alt: '' });
}

/** Takes a reported picture down. */
export async function takeDown(url: string): Promise<Date | undefined> {
  try {
    const revoked = await images.revoke(url);
    if (revoked?.kind === 'share') console.log(revoked.shareId);
    return revoked?.deadBy;
  } catch (error) {
    if (error instanceof ImagesError && error.retryable) return takeDown(url);
    throw error;
  }
}

export async function disable(uid: string): Promise<number> {
  const [image] = await images.list(uid, { limit: 1 });
  const share = await images.createShare(uid, { imageId: image?.id ?? '', expiresIn: null });
  await images.updateShare(uid, share.id, { label: 'Anna' });
  await images.revokeShare(uid, share.id);
  return (await images.revokeAll(uid)).images;
}
