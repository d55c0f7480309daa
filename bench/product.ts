/** The product as it is built, and as it is deployed: its own packages, the very same sharp. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type Sharp from 'sharp';
import type * as Bounded from '../functions/src/derive/bounded.js';
import type * as Derive from '../functions/src/derive/derive.js';
import type * as Encode from '../functions/src/derive/encode.js';
import type * as Limits from '../functions/src/derive/limits.js';
import type * as EntityTag from '../functions/src/images/entity-tag.js';
import type * as Lib from '../functions/src/lib.js';
import type * as Token from '../functions/src/tokens/token.js';

/** @param root the repository. Each part is loaded when it is first asked for. */
export function openProduct(root: string) {
  const load = createRequire(join(root, 'functions', 'package.json'));
  return {
    lib: () => load('./lib/lib.js') as typeof Lib,
    bounded: () => load('./lib/derive/bounded.js') as typeof Bounded,
    derive: () => load('./lib/derive/derive.js') as typeof Derive,
    encode: () => load('./lib/derive/encode.js') as typeof Encode,
    limits: () => load('./lib/derive/limits.js') as typeof Limits,
    entityTag: () => load('./lib/images/entity-tag.js') as typeof EntityTag,
    token: () => load('./lib/tokens/token.js') as typeof Token,
    sharp: () => load('sharp') as typeof Sharp,
  };
}
