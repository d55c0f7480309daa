/** Without Firebase: URLs, `<picture>`, placeholders, types, and `createImagesWith` for backends of your own. */
export type { Backend, CollectionQuery, Next, Task, Unsubscribe } from './backend.js';
export type { Image, Share } from './documents.js';
export {
  ImagesError,
  type ImagesErrorCode,
  type Sentence,
  type Sentences,
  type SentenceValues,
} from './errors.js';
export { imageType } from './image-type.js';
export { createImagesWith, type Images, type ImagesOptions, type WaitOptions } from './images.js';
export { newImageId } from './paths.js';
export {
  picture,
  pictureHtml,
  type Picture,
  type PictureOptions,
  type PictureRecord,
} from './picture.js';
export { placeholderUrl } from './placeholder.js';
export type {
  Format,
  Point,
  ImageRecord,
  ImageState,
  OriginalInfo,
  Placeholder,
  RenditionInfo,
  ShareRecord,
  VariantInfo,
} from './records.js';
export type { CreatedShare, NewShare, ShareCalls, ShareChanges } from './share-calls.js';
export type { Shares, Sharing } from './sharing.js';
export type { Upload, UploadOptions } from './upload.js';
export type { UploadSettings, UploadState, UploadStatus } from './upload-transfer.js';
export {
  listVariantUrls,
  objectUrl,
  variantUrl,
  ON_DEMAND_WIDTHS,
  WIDTHS,
  widthUrl,
  type VariantUrl,
} from './urls.js';
