import type { ImageProvider } from '@nuxt/image';
import publicVariants, { type NuxtOptions } from 'storage-public-variants-client/nuxt';

export const provider: () => ImageProvider<NuxtOptions> = publicVariants;

// @ts-expect-error: a provider returns a URL
export const wrong: () => ImageProvider<NuxtOptions> = () => ({ getImage: () => 1 });
