import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { P3 } from '../../test/processing/color-cases.js';
import * as file from '../../test/processing/color-file.js';
import { measureCpu } from '../../test/processing/cpu-time.js';
import { toSrgb, type DecodedImage } from './color.js';
import { findColorSpace, type ColorModel } from './color-space.js';
import { readIccProfile } from './icc-profile.js';
import { MAX_PROFILE_BYTES } from './limits.js';

const lab = { pcs: 'Lab ', version: 2 };
const corner = ([a = 0, b = 0, c = 0]: number[]) => [a, b, c];
const PROFILES: Record<string, Buffer> = {
  'Display P3': P3,
  'a gray curve': file.grayProfile(file.curv(0, 9000, 65_535)),
  'a table of 8 bits': file.iccFile('RGB ', { A2B0: file.table('mft1', 3, corner) }, lab),
  'a table for CMYK': file.iccFile('CMYK', { A2B0: file.table('mft2', 4, corner) }, lab),
  'a table of version 4': file.iccFile('RGB ', {
    A2B0: file.steps(file.para(0, 2.2), [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0], corner),
  }),
};

/** All steps of each channel. */
function ramp(model: ColorModel): DecodedImage {
  const channels = model === 'cmyk' ? 4 : 3;
  const data = Buffer.from(
    Array.from({ length: 256 * channels }, (_, i) => Math.floor(i / channels)),
  );
  return { data, width: 256, height: 1, channels, frames: 1, model, bits: 8 };
}

/**
 * Seconds of CPU for a hostile profile; each takes less than a second on an idle machine. A busy one takes longer for
 * the same work, and a profile that is not limited takes minutes.
 */
const MAX_SECONDS = 3;

const MODELS: ColorModel[] = ['rgb', 'gray', 'cmyk'];
const convertAll = (icc: Buffer) =>
  MODELS.map((model) => toSrgb(ramp(model), findColorSpace({ icc }, model)).data.length);

test.each(Object.entries(PROFILES))('%s is readable', (_name, profile) => {
  expect(readIccProfile(profile)).toBeDefined();
});

describe('a profile is ignored', () => {
  const invalid: [string, Buffer][] = [
    ['without a byte', Buffer.alloc(0)],
    ['with a header only', P3.subarray(0, 128)],
    ['with a tag outside of it', P3.subarray(0, P3.length - 1)],
    ['over the size limit', Buffer.concat([P3, Buffer.alloc(MAX_PROFILE_BYTES)])],
    ['with 101 tags', withBytes(P3, 128, 0, 0, 0, 101)],
    ['with four billion tags', withBytes(P3, 128, 255, 255, 255, 255)],
    ['of version 5', withBytes(P3, 8, 5)],
    ['of an unknown color space', withBytes(P3, 16, 88)],
    ['of an unknown connection space', withBytes(P3, 20, 89)],
    ['relative to another white', withBytes(P3, 68, 0, 1, 0, 0)],
    ['without curves', file.iccFile('RGB ', { rXYZ: file.xyz(1, 1, 1) })],
    ['with a curve of another type', file.rgbProfile(file.SRGB, file.xyz(1, 1, 1))],
    ['with a curve of a negative slope', file.rgbProfile(file.SRGB, file.para(1, 2, -1, 0))],
    ['with a curve of four billion values', withLongCurve()],
    ['with a table of three channels for CMYK', cmykOf(file.table('mft2', 3, corner))],
    ['with a grid of 255 points per channel', cmykOf(withBytes(fourChannels(), 10, 255))],
    ['with a grid of one point per channel', cmykOf(withBytes(fourChannels(), 10, 1))],
  ];
  test.each(invalid)('%s', (_name, profile) => {
    expect(readIccProfile(profile)).toBeUndefined();
  });
});

function withBytes(bytes: Buffer, offset: number, ...values: number[]): Buffer {
  const copy = Buffer.from(bytes);
  copy.set(values, offset);
  return copy;
}
function withLongCurve(): Buffer {
  return file.rgbProfile(file.SRGB, withBytes(file.curv(0, 65_535), 8, 255, 255, 255, 255));
}
function fourChannels(): Buffer {
  return file.table('mft2', 4, corner);
}
function cmykOf(tag: Buffer): Buffer {
  return file.iccFile('CMYK', { A2B0: tag }, lab);
}

test('extreme numbers convert to some color', () => {
  const huge = file.rgbProfile(
    { rXYZ: [32_767, -32_768, 32_767], gXYZ: [-32_768, 0, 0], bXYZ: [0, 0, 0] },
    file.para(4, 32_767, 32_767, 32_767, 32_767, 32_767, 32_767, 32_767),
  );
  expect(readIccProfile(huge)).toBeDefined();
  expect(convertAll(huge)).toEqual([768, 768, 768]);
});

test('damaged profiles convert or are ignored, within 150 ms on average', async () => {
  const generator = xoroshiro128plus(18);
  const random = (below: number) => uniformInt(generator, 0, below - 1);
  const originals = Object.values(PROFILES);
  let total = 0;
  const damaged = Array.from({ length: 150 }, (_, round) => {
    const bytes = Buffer.from(originals[round % originals.length] as Buffer);
    for (let changes = 1 + random(8); changes > 0; changes--) {
      // Most of the structure is in the first bytes of a profile and of its tags.
      bytes[random(random(2) === 0 ? Math.min(400, bytes.length) : bytes.length)] = random(256);
    }
    return bytes;
  });
  for (const bytes of damaged) {
    const { result, seconds } = await measureCpu(() => convertAll(bytes));
    expect(result).toEqual([768, 768, 768]);
    total += seconds;
  }
  expect(total).toBeLessThan(150 * 0.15);
  const readable = damaged.filter((bytes) => readIccProfile(bytes) !== undefined).length;
  // Both outcomes occur.
  expect(readable).toBeGreaterThan(10);
  expect(readable).toBeLessThan(140);
}, 60_000);

describe(`a hostile profile takes less than ${MAX_SECONDS} seconds`, () => {
  const withWord = (bytes: Buffer, offset: number, value: number) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt32BE(value, offset);
    return copy;
  };
  /** All tags at one place. */
  const withOverlaps = (profile: Buffer, offset: number, length: number) => {
    const copy = Buffer.from(profile);
    for (let entry = 132; entry < 132 + 12 * copy.readUInt32BE(128); entry += 12) {
      copy.writeUInt32BE(offset, entry + 4);
      copy.writeUInt32BE(length, entry + 8);
    }
    return copy;
  };
  /** Entries of a tag table up to the limit, each naming the same bytes. */
  const manyTags = (count: number, length: number) => {
    const tag = file.curv(...Array.from({ length }, (_, i) => i & 65_535));
    const names = Array.from({ length: count }, (_, i) => `t${String(i).padStart(3, '0')}`);
    return withOverlaps(
      file.rgbProfile(file.SRGB, file.SRGB_CURVE, Object.fromEntries(names.map((n) => [n, tag]))),
      132 + 12 * (count + 9),
      12 + 2 * length,
    );
  };
  const bigTable = (channels: number, points: number, version = 2) => {
    const tag = withBytes(file.table('mft2', channels, corner), 10, points);
    const space = channels === 4 ? 'CMYK' : 'RGB ';
    const padding = Buffer.alloc(3 * 1024 * 1024, 0x5a);
    return file.iccFile(space, { A2B0: Buffer.concat([tag, padding]) }, { ...lab, version });
  };
  const stepsOf = () => file.steps(file.para(0, 2.2), Array<number>(12).fill(0.1), corner);
  const cyclicSteps = (word: number, value: number) =>
    file.iccFile('RGB ', { A2B0: withWord(stepsOf(), word, value) });
  /** Section 10.16: the elements are all at one place, inside of the table itself. */
  const multiProcess = (elements: number) => {
    const head = Buffer.from('mpet\0\0\0\0\0\x03\0\x03', 'latin1');
    const count = withWord(Buffer.alloc(4 + 8 * 1000), 0, elements);
    for (let i = 4; i < count.length; i += 8) count.writeUInt32BE(0, i);
    return Buffer.concat([head, count]);
  };

  test.each<[string, Buffer]>([
    ['whose tags are all the same bytes', withOverlaps(P3, 132, 60)],
    ['whose tags are all the whole profile', withOverlaps(P3, 0, P3.length)],
    ['whose tags overlap the header', withOverlaps(P3, 36, 100)],
    ['whose tags end beyond four billion', withOverlaps(P3, 0xffff_fff0, 0xffff_fff0)],
    ['of 90 tags that are all one large curve', manyTags(90, 20_000)],
    ['with a CMYK grid of 19 points', bigTable(4, 19)],
    ['with an RGB grid of 79 points', bigTable(3, 79)],
    ['with a CMYK grid of 255 points', bigTable(4, 255)],
    ['of version 4 with a table of version 2', bigTable(3, 60, 4)],
    ['of steps whose curves B are the tag', cyclicSteps(12, 0)],
    ['of steps whose matrix is outside', cyclicSteps(16, 0xffff_fff0)],
    ['of steps whose curves M are the tag', cyclicSteps(20, 8)],
    ['of steps whose grid is the tag', cyclicSteps(24, 0)],
    ['of steps whose curves A are the tag', cyclicSteps(28, 4)],
    [
      'with four billion multi-process elements',
      file.rgbProfile(file.SRGB, file.SRGB_CURVE, {
        D2B0: multiProcess(0xffff_ffff),
      }),
    ],
    [
      'with multi-process elements that contain themselves',
      file.iccFile('RGB ', {
        A2B0: multiProcess(1000),
        D2B0: multiProcess(1000),
      }),
    ],
    ['with 4,294,967,295 tags', withWord(P3, 128, 0xffff_ffff)],
    ['with a size of four billion', withWord(P3, 0, 0xffff_ffff)],
    ['with a size of 0', withWord(P3, 0, 0)],
  ])('%s', async (_name, profile) => {
    const { result, seconds } = await measureCpu(() => convertAll(profile));
    expect(result).toEqual([768, 768, 768]);
    expect(seconds).toBeLessThan(MAX_SECONDS);
  });

  test('multi-process elements are ignored: the matrix counts, as in Chromium', () => {
    const more = { D2B0: multiProcess(0xffff_ffff) };
    const profile = readIccProfile(file.rgbProfile(file.SRGB, file.SRGB_CURVE, more));
    expect(profile?.rgb).toBeDefined();
  });
});

test(`the largest profile takes less than ${MAX_SECONDS} seconds`, async () => {
  const values = Buffer.alloc(MAX_PROFILE_BYTES - 400, 1);
  const tag = file.curv();
  tag.writeUInt32BE(Math.floor(values.length / 2), 8);
  const profile = file.grayProfile(Buffer.concat([tag, values]));
  expect(readIccProfile(profile)).toBeDefined();
  const { result, seconds } = await measureCpu(() => convertAll(profile));
  expect(result).toEqual([768, 768, 768]);
  expect(seconds).toBeLessThan(MAX_SECONDS);
});
