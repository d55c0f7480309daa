'use client';

import Image from 'next/image';
import { nextLoader } from 'storage-public-variants-client/next';

const loader = nextLoader(process.env.NEXT_PUBLIC_BASE_URL ?? '/i');

/** A photo by its public token. A client component, because the prop `loader` is a function. */
export function Photo(photo: { token: string; width: number; height: number; preload?: boolean }) {
  const { token, width, height, preload = false } = photo;
  return (
    <Image
      loader={loader}
      src={token}
      alt="Photo"
      width={width}
      height={height}
      sizes="(max-width: 800px) 100vw, 800px"
      preload={preload}
      style={{ maxWidth: '100%', height: 'auto' }}
    />
  );
}
