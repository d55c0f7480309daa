import { transformBaseImageProps } from '@unpic/core/base';
import type { TransformerFunction } from 'unpic';
import { WIDTHS } from 'storage-public-variants-client';
import { publicVariants } from 'storage-public-variants-client/unpic';

interface Operations {
  width?: number | string;
}
export const transformer: TransformerFunction<Operations, undefined> = publicVariants('/i');

export const props = transformBaseImageProps({
  src: 'spv_x',
  width: 800,
  height: 600,
  transformer,
  breakpoints: [...WIDTHS],
});

// @ts-expect-error: a transformer returns a URL
export const wrong: TransformerFunction<Operations, undefined> = () => 1;
