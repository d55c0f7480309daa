import { parseConfig } from '../config/config.js';
import type { ServableToken } from './resolve.js';
import { openRestrict } from './restrict.js';

const BUCKET = { BUCKET: 'bucket' };
const placeholder = { thumbhash: '', color: '#000000' };

function tokenRecord(
  kind: 'default' | 'share',
  altered: Record<string, string | undefined>,
): ServableToken<number> {
  const renditions = Object.fromEntries(
    Object.entries(altered).map(([name, effects]) => [
      name,
      { width: 1, height: 1, ...(effects !== undefined && { altered: effects }) },
    ]),
  );
  const image = { attempt: 'a', bucket: 'bucket', generation: '1', placeholder, renditions };
  return { uid: 'u', imageId: 'i', imagePath: 'p', kind, createdAt: 0, image };
}

const shown = ({ variants, image }: ServableToken<number>) =>
  Object.keys(image.renditions).filter((name) => variants?.includes(name) ?? true);

test('without blurred or watermarked variants, a record is what it was', () => {
  const restrict = openRestrict(parseConfig(BUCKET));
  const record = tokenRecord('default', { w400: undefined });
  expect(restrict(record)).toBe(record);
});

test('a default token shows only the blurred variants, a share the others too', () => {
  const restrict = openRestrict(parseConfig({ ...BUCKET, VARIANTS: 'w9:9,teaser:9:blur=2' }));
  const names = { w9: undefined, teaser: 'blur=2' };
  expect(shown(restrict(tokenRecord('default', names)))).toEqual(['teaser']);
  expect(shown(restrict(tokenRecord('share', names)))).toEqual(['w9', 'teaser']);
});

test('PUBLIC_VARIANTS may add a sharp one, and leave out a common one', () => {
  const open = (VARIANTS: string, PUBLIC_VARIANTS: string) =>
    openRestrict(parseConfig({ ...BUCKET, VARIANTS, PUBLIC_VARIANTS }));
  const names = { w9: undefined, w5: undefined, teaser: 'blur=2' };
  const record = tokenRecord('default', names);
  expect(shown(open('w5:5,w9:9,teaser:9:blur=2', 'w5,teaser')(record))).toEqual(['w5', 'teaser']);
  expect(shown(open('w5:5,w9:9', 'w5')(tokenRecord('default', { w9: undefined, w5: undefined })))).toEqual(['w5']); // prettier-ignore
});

test('renditions from before a variant was blurred are not shown', () => {
  const config = parseConfig({ ...BUCKET, VARIANTS: 'w9:9,w5:5:blur=2', PUBLIC_VARIANTS: 'w9,w5' });
  const restrict = openRestrict(config);
  expect(shown(restrict(tokenRecord('default', { w9: undefined, w5: undefined })))).toEqual(['w9']);
  expect(shown(restrict(tokenRecord('share', { w9: undefined, w5: 'blur=1' })))).toEqual(['w9']);
});
