/** The smallest color profile of Display P3 that every program reads: ICC.1:2022, version 4. */
import { P3_TO_XYZ } from './color-space.js';
import { D50, type Vector } from './matrix.js';

/** Section 7.2. */
const HEADER_LENGTH = 128;
const TAG_LENGTH = 12;

/** Section 4.6, s15Fixed16Number. */
function fixedNumbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeInt32BE(Math.round(value * 65_536), 4 * i));
  return bytes;
}

/** @param type four characters, followed by four reserved bytes */
const tagData = (type: string, ...parts: Buffer[]) =>
  Buffer.concat([Buffer.from(`${type}\0\0\0\0`, 'latin1'), ...parts]);

const xyz = (color: Vector) => tagData('XYZ ', fixedNumbers(...color));

/** Section 10.15: one text in English, UTF-16. */
function text(value: string): Buffer {
  const characters = Buffer.from(value, 'utf16le').swap16();
  const record = Buffer.alloc(20);
  record.writeUInt32BE(1, 0);
  record.writeUInt32BE(12, 4);
  record.write('enUS', 8, 'latin1');
  record.writeUInt32BE(characters.length, 12);
  record.writeUInt32BE(28, 16);
  return tagData('mluc', record, characters);
}

/** Section 10.18, type 3: the curve of sRGB (IEC 61966-2-1). */
const SRGB_CURVE = tagData(
  'para',
  Buffer.from([0, 3, 0, 0]),
  fixedNumbers(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
);

/** Section 9.2.15: from the white of Display P3, D65, to that of profiles; linearized Bradford. */
const ADAPTATION = [
  ...[1.04788, 0.02292, -0.05022],
  ...[0.02959, 0.99048, -0.01707],
  ...[-0.00925, 0.01508, 0.75168],
];

function createProfile(): Buffer {
  const [m0, m1, m2, m3, m4, m5, m6, m7, m8] = P3_TO_XYZ;
  // Tags with the same data share it.
  const tags: [names: string[], data: Buffer][] = [
    [['desc'], text('Display P3')],
    [['cprt'], text('CC0')],
    [['wtpt'], xyz(D50)],
    [['chad'], tagData('sf32', fixedNumbers(...ADAPTATION))],
    [['rXYZ'], xyz([m0, m3, m6])],
    [['gXYZ'], xyz([m1, m4, m7])],
    [['bXYZ'], xyz([m2, m5, m8])],
    [['rTRC', 'gTRC', 'bTRC'], SRGB_CURVE],
  ];
  const count = tags.flatMap(([names]) => names).length;
  const table = Buffer.alloc(4 + TAG_LENGTH * count);
  table.writeUInt32BE(count);
  const parts: Buffer[] = [];
  let at = 4;
  let offset = HEADER_LENGTH + table.length;
  for (const [names, data] of tags) {
    for (const name of names) {
      table.write(name, at, 'latin1');
      table.writeUInt32BE(offset, at + 4);
      table.writeUInt32BE(data.length, at + 8);
      at += TAG_LENGTH;
    }
    // Section 7.3.1: each begins at a multiple of four bytes.
    parts.push(data, Buffer.alloc(-data.length & 3));
    offset += data.length + (-data.length & 3);
  }
  return Buffer.concat([createHeader(offset), table, ...parts]);
}

/** Section 7.2.1. What is not written is 0: no program, no rendering intent but the perceptual one. */
function createHeader(size: number): Buffer {
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(0x0440_0000, 8);
  header.write('mntrRGB XYZ ', 12, 'latin1');
  // 2026-01-01: a constant, so that the same original always gives the same bytes.
  [2026, 1, 1].forEach((number, i) => header.writeUInt16BE(number, 24 + 2 * i));
  header.write('acsp', 36, 'latin1');
  fixedNumbers(...D50).copy(header, 68);
  return header;
}

export const P3_PROFILE = createProfile();
