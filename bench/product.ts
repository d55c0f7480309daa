/** Loads the compiled product with its own packages, so that benchmarks use the deployed version of sharp. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type Sharp from 'sharp';
import type * as Isolated from '../functions/src/processing/isolated-processor.js';
import type * as ProcessImage from '../functions/src/processing/process-image.js';
import type * as Encode from '../functions/src/processing/encode.js';
import type * as Quality from '../functions/src/processing/quality.js';
import type * as Limits from '../functions/src/processing/limits.js';
import type * as EntityTag from '../functions/src/domain/entity-tag.js';
import type * as Api from '../functions/src/api.js';
import type * as Tasks from '../functions/src/domain/tasks.js';
import type * as Seal from '../functions/src/domain/seal.js';
import type * as Token from '../functions/src/domain/token.js';
import type * as Handler from '../functions/src/serve/handler.js';
import type * as Widths from '../functions/src/domain/widths.js';

/** Each module is loaded on first use. @param root the repository */
export function openProduct(root: string) {
  const load = createRequire(join(root, 'functions', 'package.json'));
  return {
    api: () => load('./lib/api.js') as typeof Api,
    isolated: () => load('./lib/processing/isolated-processor.js') as typeof Isolated,
    processing: () => load('./lib/processing/process-image.js') as typeof ProcessImage,
    encode: () => load('./lib/processing/encode.js') as typeof Encode,
    quality: () => load('./lib/processing/quality.js') as typeof Quality,
    limits: () => load('./lib/processing/limits.js') as typeof Limits,
    entityTag: () => load('./lib/domain/entity-tag.js') as typeof EntityTag,
    tasks: () => load('./lib/domain/tasks.js') as typeof Tasks,
    seal: () => load('./lib/domain/seal.js') as typeof Seal,
    serve: () => load('./lib/serve/handler.js') as typeof Handler,
    token: () => load('./lib/domain/token.js') as typeof Token,
    widths: () => load('./lib/domain/widths.js') as typeof Widths,
    sharp: () => load('sharp') as typeof Sharp,
  };
}
