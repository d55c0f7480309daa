/** Package export `./lib`: for use in other code. Declares no function and no parameter. */
export { DEFAULTS, INITIAL_VALUES, parseConfig, type Config } from './config/config.js';
export { ConfigError, IMAGE_FAILURES, type ImageFailureCode } from './errors.js';
export { FORMATS, type Format } from './domain/format.js';
export { hashedFolder, ownerOf, renditionName, type Owner } from './domain/path.js';
export type { ImageRecord, Placeholder, TokenRecord } from './domain/records.js';
export { variantSize, type Size, type Variant } from './domain/variant.js';
export { parseVariant } from './domain/variant-grammar.js';
export type { Manifest } from './serve/manifest.js';
export { hashToken, isToken, mintToken } from './domain/token.js';
