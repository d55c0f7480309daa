import { IMAGE_LOADER, type ImageLoader } from '@angular/common';
import { inject, type ApplicationConfig } from '@angular/core';
import { providePublicVariantsLoader } from 'storage-public-variants-client/angular';

export const config: ApplicationConfig = {
  providers: [providePublicVariantsLoader('/i', { widths: [400, 800], fallbackWidth: 800 })],
};

export function url(token: string): string {
  const loader: ImageLoader = inject(IMAGE_LOADER);
  // @ts-expect-error: it needs a token
  loader({ width: 400 });
  return loader({ src: token, width: 400 });
}
