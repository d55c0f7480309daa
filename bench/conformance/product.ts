/** Runs the compiled product on one file: without encoder loss, and as it ships. */
import type { Sharp } from 'sharp';
import type { Size } from './chromium.js';
import type { openProduct } from '../product.js';

export interface RenditionFile extends Size {
  format: string;
  quality: 'lossless' | 'default';
  data: Buffer;
}

export type Processed =
  | { kind: 'ready'; original: Size; renditions: RenditionFile[] }
  | { kind: 'failed'; code: string; detail: string }
  /** Anything but a failure code: a fault of the product. */
  | { kind: 'error'; message: string };

/** The encoders of the product lose too much of such small pictures to measure colors. */
const LOSSLESS = {
  avif: (image: Sharp) => image.avif({ lossless: true, chromaSubsampling: '4:4:4' }),
  webp: (image: Sharp) => image.webp({ lossless: true, effort: 0 }),
  jpeg: (image: Sharp) =>
    image.flatten({ background: '#fff' }).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }),
};

export type Processor = (bytes: Buffer, parameters?: Record<string, string>) => Promise<Processed>;

/** @returns a function that gives the widest renditions; with the defaults, except for the given parameters */
export function openProcessor(
  product: ReturnType<typeof openProduct>,
): Processor & { close(): void } {
  const isolated = product.isolated().openIsolatedProcessor(product.limits().PROCESS_LIMITS);
  const { processImage } = product.processing();
  const process: Processor = async (bytes, parameters = {}) => {
    const config = product.api().parseConfig({ BUCKET: 'bench', ...parameters });
    try {
      // First in the process that production uses: a crash there ends one file only.
      const shipped = await isolated(bytes, { ...config, formats: ['avif', 'webp', 'jpeg'] });
      const exact = await processImage(bytes, { ...config, formats: ['webp', 'jpeg'] }, LOSSLESS);
      return {
        kind: 'ready',
        original: exact.original,
        renditions: [
          ...widest(exact.renditions).map((one) => ({ ...one, quality: 'lossless' as const })),
          ...widest(shipped.renditions).map((one) => ({ ...one, quality: 'default' as const })),
        ],
      };
    } catch (error) {
      const { name, code, detail, stack } = error as Record<string, unknown>;
      if (name === 'ImageFailure')
        return { kind: 'failed', code: String(code), detail: String(detail) };
      return { kind: 'error', message: String(stack).split('\n').slice(0, 3).join(' ') };
    }
  };
  return Object.assign(process, { close: () => isolated.close() });
}

/** The widest uncropped rendition of each format. */
function widest<T extends Size & { format: string; variants: string[]; data: Buffer }>(
  renditions: readonly T[],
) {
  const best = new Map<string, T>();
  for (const rendition of renditions) {
    if (rendition.variants.every((variant) => variant === 'thumb')) continue;
    const other = best.get(rendition.format);
    if (!other || other.width < rendition.width) best.set(rendition.format, rendition);
  }
  return [...best.values()].map(({ format, width, height, data }) => ({
    format,
    width,
    height,
    data,
  }));
}
