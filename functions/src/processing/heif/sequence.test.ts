import {
  box,
  fullBox,
  irot,
  text,
  u16,
  u8,
  writeHeif,
  writeSequence,
  type HeifItem,
} from '../../../test/processing/heif-file.js';
import {
  corners,
  createAvifItem,
  firstItem,
  itemsOf,
  MAX_PIXELS,
  show,
  sizeOf,
  UPRIGHT,
  withProperties,
} from '../../../test/processing/heif-fixture.js';
import { readHeif } from './image.js';

const heic = firstItem('heic/corners.heic');
const burst = itemsOf('heic/burst.heic');
const read = (bytes: Buffer) => readHeif(bytes, MAX_PIXELS);
const writeAvif = (items: HeifItem[]) => writeHeif(items, [], { brand: 'avif' });

let avif: HeifItem;
beforeAll(async () => {
  avif = await createAvifItem();
});

describe('brands', () => {
  test.each(['avif', 'mif1', 'miaf', 'msf1', 'avis'])(
    'a still AVIF with the major brand %s is an AVIF',
    async (brand) => {
      const bytes = Buffer.from(writeAvif([avif]));
      bytes.write(brand, 8, 'latin1');
      expect(read(bytes).type).toBe('avif');
      expect(corners(await show(bytes))).toBe(UPRIGHT);
    },
  );

  test('a HEIC that claims to be an AVIF is a HEIC', () => {
    expect(read(writeHeif([heic], [], { brand: 'avif' })).type).toBe('heic');
  });
});

describe('an image sequence', () => {
  const track = (item: HeifItem) => ({ item, width: 96, height: 64 });
  const red = () => burst[0] as HeifItem;

  test('shows its first frame, transformed by the boxes of its sample entry', async () => {
    const rotated = withProperties(avif, irot(1));
    for (const bytes of [
      writeSequence([track(rotated)]),
      writeSequence([track(withProperties(heic, irot(1)))], { brand: 'hevc' }),
    ]) {
      const shown = await show(bytes);
      expect([sizeOf(shown), corners(shown)]).toEqual(['64x96', 'green yellow red blue']);
    }
  });

  test('of HEIC shows its primary image instead', async () => {
    const still = writeHeif([red()]);
    const moov = writeSequence([track(heic)], { brand: 'hevc' }).subarray(28);
    expect(corners(await show(Buffer.concat([still, moov])))).toBe('red red red red');
  });

  test('has the alpha of its alpha track', async () => {
    const [color, alpha] = itemsOf('heic/alpha.heic') as [HeifItem, HeifItem];
    const tracks = [
      { ...track(color), isPremultiplied: true },
      { ...track(alpha), isAlpha: true },
    ];
    const bytes = writeSequence(tracks, { brand: 'hevc' });
    expect(read(bytes)).toMatchObject({ hasAlpha: true, isPremultiplied: true });
    const { data } = await show(bytes);
    expect([data[3], data[95 * 4 + 3]]).toEqual([255, 128]);
  });

  test.each([
    ['auxiliary:alpha', true],
    ['auxiliary:depth', false],
  ])('has alpha only of a track of that type: %s', (type, hasAlpha) => {
    const [color, other] = itemsOf('heic/alpha.heic') as [HeifItem, HeifItem];
    const auxi = fullBox('auxi', text(`urn:mpeg:mpegB:cicp:systems:${type}\0`));
    const tracks = [track(color), { ...track(withProperties(other, auxi)), isAlpha: true }];
    expect(read(writeSequence(tracks, { brand: 'hevc' })).hasAlpha).toBe(hasAlpha);
  });
});

describe('a layered AVIF', () => {
  const layered = () => firstItem('avif/three-layers.avif');
  const lsel = (layer: number) => box('lsel', u16(layer));
  const a1op = (index: number) => box('a1op', u8(index));

  // Each layer has the channels of the picture in another order.
  test.each<[string, Buffer[], number[]]>([
    ['shows its last layer', [], [220, 40, 40]],
    ['shows its last layer when it selects all', [lsel(0xffff)], [220, 40, 40]],
    ['shows the selected layer 0', [lsel(0)], [40, 220, 40]],
    ['shows the selected layer 1', [lsel(1)], [40, 40, 220]],
    ['shows the operating point 1', [a1op(1)], [40, 40, 220]],
    ['shows the operating point 2', [a1op(2)], [40, 220, 40]],
  ])('%s', async (_name, properties, expected) => {
    const { data } = await show(writeAvif([withProperties(layered(), ...properties)]));
    expected.forEach((value, i) => expect(Math.abs((data[i] as number) - value)).toBeLessThan(12));
  });

  test('without the selected operating point is damaged', () => {
    const bytes = writeAvif([withProperties(layered(), a1op(9))]);
    expect(() => read(bytes)).toThrow(/^damaged-image: expected an operating point below 3/);
  });
});
