import {
  readIso,
  readXmp,
  writeIso,
  writePictureXmp,
  writeXmp,
  type GainMapMetadata,
} from './metadata.js';

const ONE = { min: -0.5, max: 2.25, gamma: 0.8, offsetSdr: 1 / 64, offsetHdr: 0 };
const GRAY: GainMapMetadata = { minHeadroom: 0, maxHeadroom: 2.5, channels: [ONE] };
const COLOR: GainMapMetadata = {
  ...GRAY,
  channels: [ONE, { ...ONE, max: 3 }, { ...ONE, gamma: 1.5, min: 0 }],
};

test.each([
  ['one gain', GRAY],
  ['three gains', COLOR],
])('%s: both forms give back what was written', (_, metadata) => {
  const rounded = JSON.parse(
    JSON.stringify(metadata, (_key, value: unknown) =>
      typeof value === 'number' ? +value.toFixed(7) : value,
    ),
  ) as GainMapMetadata;
  expect(readIso(writeIso(metadata))).toEqual(rounded);
  expect(readXmp(writeXmp(metadata))).toEqual(rounded);
});

test('XMP as other programs write it: defaults, single quotes, an element with one number', () => {
  const xmp = (attributes: string, content = '') =>
    `<?xpacket begin="" id="W5M0"?>\n<rdf:Description xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" ${attributes}>${content}`;
  const byDefault = { min: 0, gamma: 1, offsetSdr: 1 / 64, offsetHdr: 1 / 64 };
  const version = "hdrgm:Version='1.0'";
  const max = 'hdrgm:GainMapMax="3.5"\n hdrgm:HDRCapacityMax = "4"';
  expect(readXmp(xmp(`${version} ${max}`))).toEqual({
    minHeadroom: 0,
    maxHeadroom: 4,
    channels: [{ ...byDefault, max: 3.5 }],
  });
  const element = '<hdrgm:GainMapMin>\n -1e-1 </hdrgm:GainMapMin>';
  expect(readXmp(xmp(`${version} ${max}`, element))?.channels[0]?.min).toBe(-0.1);
  const list = (...items: number[]) =>
    `<hdrgm:GainMapMin><rdf:Seq>\n${items.map((item) => `<rdf:li>${item}</rdf:li>`).join('\n')}</rdf:Seq></hdrgm:GainMapMin>`;
  expect(readXmp(xmp(`${version} ${max}`, list(0, 1, 2)))?.channels.map(({ min }) => min)).toEqual([
    0, 1, 2,
  ]);
});

test.each([
  ['no version', 'hdrgm:GainMapMax="3" hdrgm:HDRCapacityMax="4"'],
  ['a later version', 'hdrgm:Version="2.0" hdrgm:GainMapMax="3" hdrgm:HDRCapacityMax="4"'],
  ['no maximum', 'hdrgm:Version="1.0" hdrgm:HDRCapacityMax="4"'],
  ['text instead of a number', 'hdrgm:Version="1.0" hdrgm:GainMapMax="x" hdrgm:HDRCapacityMax="4"'],
  ['infinity', 'hdrgm:Version="1.0" hdrgm:GainMapMax="1e999" hdrgm:HDRCapacityMax="4"'],
  [
    'a minimum above',
    'hdrgm:Version="1.0" hdrgm:GainMapMin="4" hdrgm:GainMapMax="3" hdrgm:HDRCapacityMax="4"',
  ],
  ['no headroom', 'hdrgm:Version="1.0" hdrgm:GainMapMax="3" hdrgm:HDRCapacityMax="0"'],
  [
    'an HDR base',
    'hdrgm:Version="1.0" hdrgm:GainMapMax="3" hdrgm:HDRCapacityMax="4" hdrgm:BaseRenditionIsHDR="True"',
  ],
  [
    'a gamma of 0',
    'hdrgm:Version="1.0" hdrgm:GainMapMax="3" hdrgm:HDRCapacityMax="4" hdrgm:Gamma="0"',
  ],
  ['XMP of the picture', writePictureXmp(9).slice(0, -20)],
])('XMP with %s is none', (_, attributes) => {
  expect(readXmp(`<rdf:Description ${attributes}/>`)).toBeUndefined();
});

describe('ISO 21496-1', () => {
  const bytes = writeIso(GRAY);
  const changed = (at: number, value: number) => {
    const copy = Buffer.from(bytes);
    copy[at] = value;
    return copy;
  };

  test.each([
    ['a later version', changed(1, 1)],
    ['another color space than that of the picture', changed(4, 0)],
    ['an HDR base', changed(4, 0x44)],
    ['three channels, but the bytes of one', changed(4, 0xc0)],
    ['the last byte missing', bytes.subarray(0, -1)],
    ['nothing', Buffer.alloc(0)],
    ['denominators of 0', Buffer.concat([bytes.subarray(0, 9), Buffer.alloc(bytes.length - 9)])],
  ])('with %s is none', (_, data) => {
    expect(readIso(data)).toBeUndefined();
  });

  test('may have one denominator for all, as libultrahdr writes it', () => {
    const numbers = [2, 0, 6, 0, 4, 2, 0, 0];
    const data = Buffer.alloc(5 + 4 * numbers.length);
    data[4] = 0x48;
    numbers.forEach((number, i) => data.writeUInt32BE(number, 5 + 4 * i));
    expect(readIso(data)).toEqual({
      minHeadroom: 0,
      maxHeadroom: 3,
      channels: [{ min: 0, max: 2, gamma: 1, offsetSdr: 0, offsetHdr: 0 }],
    });
  });
});
