import Image, { type ImageLoader } from 'next/image';
import type { ReactElement } from 'react';
import { nextLoader } from 'storage-public-variants-client/next';

const loader: ImageLoader = nextLoader('/i');

export function Photo({ token }: { token: string }): ReactElement {
  return <Image loader={loader} src={token} alt="" width={800} height={600} />;
}

// @ts-expect-error: a loader returns a URL
export const wrong: ImageLoader = () => 1;
