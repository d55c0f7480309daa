import { getAuth } from 'firebase/auth';
import { getFirestore } from 'firebase/firestore';
import { getFirestore as getLite } from 'firebase/firestore/lite';
import { getFunctions } from 'firebase/functions';
import { getStorage } from 'firebase/storage';
import type { Image, ImagesError, Share } from 'storage-public-variants-client';
import { createImages, type Images } from 'storage-public-variants-client/firebase';
import { createImages as createLiteImages } from 'storage-public-variants-client/firebase-lite';

const services = {
  auth: getAuth(),
  storage: getStorage(),
  functions: getFunctions(undefined, 'us-central1'),
  baseUrl: '/i',
  sentences: {
    offline: 'Keine Verbindung.',
    'too-many-shares': ({ limit }: { limit: number }) => `${limit} Links`,
  },
};
export const images: Images = createImages({ ...services, firestore: getFirestore() });
export const lite: Images = createLiteImages({ ...services, firestore: getLite() });

// @ts-expect-error: not a Firestore
createImages({ ...services, firestore: getAuth() });
// @ts-expect-error: the URL up to the token is missing
createImages({ auth: getAuth(), storage: getStorage(), firestore: getFirestore() });

export async function all(file: File, signal: AbortSignal): Promise<string> {
  const upload = images.upload(file, { signal });
  const stop = upload.subscribe(() => console.log(upload.state, upload.progress, upload.preview));
  const image: Image = await upload.ready;
  stop();
  images.watchAll((list) => list.map(({ createdAt }) => createdAt.getTime()), { limit: 10 });
  images.watch(image.id, (found) => found?.placeholder?.color, console.error);
  const request = { imageId: image.id, expiresIn: 60 };
  const { id, token, expiresAt } = await images.shares.create(request);
  const { deadBy } = await images.shares.update(id, { variants: null });
  images.shares.watch((shares: Share[]) => shares.map((share) => share.label), {
    imageId: image.id,
    error: (error: ImagesError) => console.error(error.code, error.retryable),
  });
  await images.revokeAll({ all: true });
  // @ts-expect-error: there is no such state
  if (image.state === 'done') return '';
  return `${images.url(image, 640)} ${token ?? ''} ${String(expiresAt ?? deadBy)}`;
}
