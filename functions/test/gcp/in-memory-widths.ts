/** Renditions that were made on demand, in memory: see in-memory-backend.ts. */
import type { Owner } from '../../src/domain/path.js';
import type { ImageRecord, TokenRecord } from '../../src/domain/records.js';
import { addWidth } from '../../src/domain/widths.js';
import type { WidthRecords } from '../../src/gcp/backend.js';
import type { Counted } from './counted.js';

export function inMemoryWidths({
  images,
  tokens,
  pathOf,
  counted,
}: {
  images: Map<string, ImageRecord<number>>;
  tokens: Map<string, TokenRecord<number>>;
  pathOf: (owner: Owner) => string;
  counted: Counted;
}): WidthRecords {
  return {
    find: counted('widths.find', (hash) => {
      const token = tokens.get(hash);
      const image = token && images.get(pathOf(token));
      return token && { token, ...(image && { image }) };
    }),
    add: counted('widths.add', (owner, hash, made) => {
      const [image, token] = [images.get(pathOf(owner)), tokens.get(hash)];
      const added = addWidth(image, token, made);
      if (added === undefined || !image || !token?.image) return false;
      image.widths = { ...image.widths, [made.width]: added.image };
      const widths = { ...token.image.widths, [made.width]: added.token };
      tokens.set(hash, { ...token, image: { ...token.image, widths } });
      return true;
    }),
  };
}
