import { extensionOf, FORMATS, type Format } from '../../../functions/src/domain/format.js';
import type {
  ImageRecord as StoredRecord,
  ShareRecord as StoredShare,
} from '../../../functions/src/domain/records.js';
import * as client from './formats.js';
import type { Format as ClientFormat, ImageRecord, ShareRecord } from './records.js';

type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
/** Fields that only the functions use. */
type Internal = 'settings' | 'attempt' | 'widths';

it('declares the same record types as the functions', () => {
  // Fails to compile when the types differ.
  const sameRecord: Equal<ImageRecord, Omit<StoredRecord, Internal>> = true;
  const sameFormats: Equal<ClientFormat, Format> = true;
  const sameFields: Equal<keyof ImageRecord, Exclude<keyof StoredRecord, Internal>> = true;
  const sameShare: Equal<ShareRecord, StoredShare> = true;
  const sameShareFields: Equal<keyof ShareRecord, keyof StoredShare> = true;
  expect([sameRecord, sameFormats, sameFields, sameShare, sameShareFields]).not.toContain(false);
});

it('declares the same formats as the functions', () => {
  expect([...client.FORMATS].sort()).toEqual(Object.keys(FORMATS).sort());
  for (const format of Object.keys(FORMATS) as Format[]) {
    expect(client.extensionOf(format)).toBe(extensionOf(format));
    expect(FORMATS[format].contentType).toBe(`image/${format}`);
  }
});
