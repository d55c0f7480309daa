/**
 * The parameters of storage-resize-images, and the names that it gives to files. Found in its version 0.3.3:
 * https://github.com/firebase/extensions/tree/next/storage-resize-images
 */
import { posix } from 'node:path';
import { parseEnv } from 'node:util';

export interface ExtensionParameters {
  /** Absent: the bucket of the new installation. */
  bucket?: string;
  /** RESIZED_IMAGES_PATH: folder of resized files below that of the original; may be empty. */
  resizedPath: string;
  /** INCLUDE_PATH_LIST; absent: all. */
  include?: readonly string[];
  /** EXCLUDE_PATH_LIST. */
  exclude: readonly string[];
  /** Whether DELETE_ORIGINAL_FILE may have deleted originals. */
  deletesOriginals: boolean;
}

/** The defaults of the extension. */
export const NO_PARAMETERS: ExtensionParameters = {
  resizedPath: '',
  exclude: [],
  deletesOriginals: false,
};

/** Whether a dotenv file has the parameters of storage-resize-images. */
export function isExtensionFile(text: string): boolean {
  return parseEnv(text)['IMG_SIZES'] !== undefined;
}

/** @param text `extensions/INSTANCE.env` */
export function parseExtension(text: string, projectId: string): ExtensionParameters {
  const values = parseEnv(text);
  const list = (name: string) => {
    const paths = (values[name] ?? '').split(',').map((path) => path.trim());
    return paths.filter((path) => path !== '');
  };
  // As the Extensions service resolves it. ${STORAGE_BUCKET} is the default bucket.
  const bucket = (values['IMG_BUCKET'] ?? '').replaceAll('${param:PROJECT_ID}', projectId);
  const include = list('INCLUDE_PATH_LIST');
  return {
    ...(bucket !== '' && !bucket.includes('$') && { bucket }),
    resizedPath: values['RESIZED_IMAGES_PATH'] ?? '',
    ...(include.length > 0 && { include }),
    exclude: list('EXCLUDE_PATH_LIST'),
    deletesOriginals: !['', 'false'].includes(values['DELETE_ORIGINAL_FILE'] ?? ''),
  };
}

/** Whether the extension would resize an image in a folder, such as `originals/UID`. */
export function wouldResize(folder: string, { include, exclude }: ExtensionParameters): boolean {
  const isIn = (paths: readonly string[]) =>
    paths.some((path) => patternOf(path).test(`/${folder}`));
  return (include === undefined || isIn(include)) && !isIn(exclude);
}

/** A path of a list: `*` stands for any folders. */
function patternOf(path: string): RegExp {
  const parts = path
    .split('*')
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(String.raw`[\w+.\s/-]*`)}(?:/|$)`);
}

/** Extensions that resized files keep, or have replaced by that of IMAGE_TYPE. */
const EXTENSIONS = new Set('.jpg .jpeg .png .tif .tiff .webp .gif .avif .jfif'.split(' '));

/**
 * The key under which the resized files of an original are found: their folder and the beginning of their names.
 * Two originals may have the same, such as cat.jpg and cat.png.
 */
export function keyOfOriginal(name: string, { resizedPath }: ExtensionParameters): string {
  const { dir, name: stem, ext } = posix.parse(name);
  const isKnown = EXTENSIONS.has(ext.toLowerCase());
  return posix.normalize(posix.join(dir, resizedPath, isKnown ? stem : stem + ext));
}

/**
 * Parses the name of a resized file: `cat_200x200.jpg`, or `cat_200x200` of an original with an unknown extension.
 * @returns undefined if it can't be one
 */
export function parseResized(name: string): { key: string; pixels: number } | undefined {
  const [, key, width, height] =
    /^(.+)_(\d{1,5})x(\d{1,5})(?:[.][A-Za-z]{3,4})?$/s.exec(name) ?? [];
  if (key === undefined || key.endsWith('/')) return undefined;
  return { key, pixels: Number(width) * Number(height) };
}
