import type { ReactElement } from 'react';
import type { Upload } from 'storage-public-variants-client';
import 'storage-public-variants-client/element';
import { PublicImage, useImage, useShares, useUpload } from 'storage-public-variants-client/react';
import { images } from './firebase.js';

export function Photo({ upload }: { upload: Upload }): ReactElement {
  const { state, progress, message } = useUpload(upload);
  const { image, error } = useImage(images, upload.id);
  const { shares } = useShares(images, upload.id);
  return (
    <figure>
      {image && <PublicImage baseUrl="/i" image={image} alt="" sizes="50vw" className="photo" />}
      <figcaption>
        {state} {progress} {message ?? error?.message} {shares?.length}
      </figcaption>
    </figure>
  );
}

export function Shared({ url }: { url: string }): ReactElement {
  return (
    <public-image src={url} alt="A photo" sizes="50vw" width={300} height="200">
      No longer shared
    </public-image>
  );
}

// @ts-expect-error: a picture needs an alternative text
export const wrong = <PublicImage baseUrl="/i" image={{ token: '' }} />;
// @ts-expect-error: there is no such attribute
export const wrongElement = <public-image source="" />;
