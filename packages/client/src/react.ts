/** For React 18 and later. */
import {
  createElement,
  useCallback,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
  type ComponentPropsWithoutRef,
  type CSSProperties,
  type DetailedHTMLProps,
  type HTMLAttributes,
  type ReactElement,
} from 'react';
import type { Unsubscribe } from './backend.js';
import type { Image, Share } from './documents.js';
import type { PublicImageElement } from './element.js';
import type { ImagesError } from './errors.js';
import type { Images } from './images.js';
import { picture, type PictureRecord } from './picture.js';
import type { Upload } from './upload.js';
import type { UploadStatus } from './upload-transfer.js';

/** What a subscription has given for `key`. */
interface Received<Value> {
  key: unknown;
  value?: Value;
  error?: ImagesError;
}

/** @param subscribe another function only when one of `inputs` changes */
function useSubscription<Value>(
  subscribe: (next: (value: Value) => void, error: (error: ImagesError) => void) => Unsubscribe,
  ...inputs: unknown[]
): Omit<Received<Value>, 'key'> {
  const [received, setReceived] = useState<Received<Value>>({ key: undefined });
  const key = useCallback(subscribe, inputs);
  useEffect(
    () =>
      key(
        (value) => setReceived({ key, value }),
        (error) => setReceived({ key, error }),
      ),
    [key],
  );
  // Until the first value, nothing of another image is shown.
  return received.key === key ? received : {};
}

/**
 * Watches an image. `image` is undefined until there is a record.
 *
 * @param initial for the first rendering, for example what a server has rendered
 */
export function useImage(
  images: Images,
  id: string,
  initial?: Image,
): { image: Image | undefined; error: ImagesError | undefined } {
  const received = useSubscription<Image | undefined>(
    (next, error) => images.watch(id, next, error),
    images,
    id,
  );
  return {
    image: 'value' in received ? received.value : initial?.id === id ? initial : undefined,
    error: received.error,
  };
}

/** Watches the user's shares, or those of one image. `shares` is undefined until they are known. */
export function useShares(
  images: Images,
  imageId?: string,
): { shares: Share[] | undefined; error: ImagesError | undefined } {
  const { value, error } = useSubscription<Share[]>(
    (next, report) =>
      images.shares.watch(next, { error: report, ...(imageId !== undefined && { imageId }) }),
    images,
    imageId,
  );
  return { shares: value, error };
}

const NO_UPLOAD = { subscribe: () => () => {}, status: undefined };

/** Returns the status of an upload, and renders again at each change. */
export function useUpload(upload: Upload): UploadStatus;
export function useUpload(upload: Upload | undefined): UploadStatus | undefined;
export function useUpload(upload: Upload | undefined): UploadStatus | undefined {
  const source = upload ?? NO_UPLOAD;
  const status = () => source.status;
  return useSyncExternalStore(source.subscribe, status, status);
}

export interface PublicImageProps extends Omit<
  ComponentPropsWithoutRef<'img'>,
  'src' | 'srcSet' | 'width' | 'height' | 'alt' | 'sizes' | 'loading'
> {
  /** The URL up to the token: PUBLIC_BASE_URL, or a path such as `/i`. */
  baseUrl: string;
  /** An image record, or its token, variants and placeholder. */
  image: PictureRecord;
  alt: string;
  sizes?: string | undefined;
  /** Names of the variants to offer; by default those that `picture` offers. */
  variants?: readonly string[] | undefined;
  loading?: 'lazy' | 'eager' | undefined;
}

/**
 * A `<picture>` with size, `srcset` and background color, also when rendered on a server. In the browser, the
 * placeholder is shown until the image has loaded. Renders nothing while the image has no variants.
 *
 * @param props those of the `<img>`, too
 */
export function PublicImage({
  baseUrl,
  image,
  alt,
  sizes,
  variants,
  loading,
  style,
  onLoad,
  ...rest
}: PublicImageProps): ReactElement | null {
  const element = useRef<HTMLImageElement>(null);
  const [background, setBackground] = useState<CSSProperties>({});
  const thumbhash = image.placeholder?.thumbhash;
  useEffect(() => {
    let isCurrent = true;
    // Not on the server: it would be 800 bytes more for each image, and the image may be in the browser's cache.
    const isLoading = () => isCurrent && element.current?.complete === false;
    async function showPlaceholder(hash: string): Promise<void> {
      const { placeholderUrl } = await import('./placeholder.js');
      if (!isLoading()) return;
      const backgroundImage = `url(${placeholderUrl(hash)})`;
      setBackground({ backgroundImage, backgroundSize: '100% 100%' });
    }
    // Without the code, or with a record that was changed by hand, the color stays.
    if (thumbhash && isLoading()) showPlaceholder(thumbhash).catch(() => {});
    return () => {
      isCurrent = false;
    };
  }, [thumbhash]);
  const found = picture(baseUrl, image, { alt, sizes, variants, loading });
  if (!found) return null;
  const { sources, img, color } = found;
  const { srcset: srcSet, ...attributes } = img;
  return createElement(
    'picture',
    null,
    ...sources.map(({ srcset, ...source }) =>
      createElement('source', { key: source.type, srcSet: srcset, ...source }),
    ),
    createElement('img', {
      ...rest,
      ...attributes,
      srcSet,
      ref: element,
      style: { ...(color && { backgroundColor: color }), ...background, ...style },
      onLoad: (event) => {
        setBackground({});
        onLoad?.(event);
      },
    }),
  );
}

/** Attributes of `<public-image>`, which the entry `/element` defines. */
export interface PublicImageAttributes extends HTMLAttributes<PublicImageElement> {
  /** `{base}/{token}`. */
  src: string;
  alt: string;
  sizes?: string | undefined;
  /** Pixels; with `height` they reserve the space. */
  width?: number | string | undefined;
  height?: number | string | undefined;
}

/** Those that React adds included: `key`, `ref`. */
export type PublicImageElementProps = DetailedHTMLProps<PublicImageAttributes, PublicImageElement>;

declare module 'react' {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the name that React has for elements
  namespace JSX {
    interface IntrinsicElements {
      'public-image': PublicImageElementProps;
    }
  }
}
