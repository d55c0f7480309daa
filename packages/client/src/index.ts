/** Client for browsers and Node: upload an original, wait for its record, display its variants. */
export { newImageId } from './paths.js';
export { uploadOriginal, type UploadedOriginal, type UploadOptions } from './upload.js';
export { waitForImage, type ClientImageRecord, type WaitOptions } from './wait.js';
export { listVariantUrls, objectUrl, variantUrl, type VariantUrl } from './urls.js';
export { pictureElement, placeholderDataUrl, type PictureOptions } from './picture.js';
export type { Format, ImageRecord, Placeholder, VariantInfo } from './records.js';
