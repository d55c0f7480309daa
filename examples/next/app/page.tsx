'use client';

import { initializeApp } from 'firebase/app';
import { getAuth, signInAnonymously } from 'firebase/auth';
import { getFirestore } from 'firebase/firestore';
import { getStorage } from 'firebase/storage';
import Link from 'next/link';
import { useState } from 'react';
import type { Upload } from 'storage-public-variants-client';
import { createImages } from 'storage-public-variants-client/firebase';
import { useUpload } from 'storage-public-variants-client/react';
import { Photo } from './photo';

const BASE_URL = process.env.NEXT_PUBLIC_BASE_URL ?? '/i';

async function startUpload(file: File): Promise<Upload> {
  const app = initializeApp(JSON.parse(process.env.NEXT_PUBLIC_FIREBASE_CONFIG ?? '{}'));
  const auth = getAuth(app);
  await signInAnonymously(auth);
  const services = { auth, storage: getStorage(app), firestore: getFirestore(app) };
  return createImages({ ...services, baseUrl: BASE_URL }).upload(file);
}

export default function UploadPage() {
  const [upload, setUpload] = useState<Upload>();
  const status = useUpload(upload);
  const image = status?.state === 'ready' ? status.image : undefined;
  const shown = image?.variants?.['w1600'];
  return (
    <main>
      <input
        type="file"
        aria-label="Photo"
        accept="image/*,.heic,.heif"
        onChange={async ({ target }) => {
          const [file] = target.files ?? [];
          if (file) setUpload(await startUpload(file));
        }}
      />
      {status && !image && <progress value={status.progress} />}
      {status?.message && <p role="alert">{status.message}</p>}
      {image && shown && (
        <>
          <Photo token={image.token} width={shown.width} height={shown.height} />
          <Link href={`/${image.token}`}>Public page</Link>
        </>
      )}
    </main>
  );
}
