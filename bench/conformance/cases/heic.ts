/** HEIC: compared with libheif's pixels, and with the picture that was encoded. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case, Expectation } from '../case.js';
import { heicAsPng } from '../heic-reference.js';
import { nclx, readHeif, replacing, withProperties, writeHeif } from '../heif.js';
import { grays, stripes, translucentStripes, type Picture } from '../picture.js';
import { encodePng, RGBA } from '../png.js';
import { colors, structures, transformations } from './heif.js';

/** @param root the repository */
export function heicCases(root: string): Case[] {
  const read = (folder: string, name: string) =>
    readFileSync(join(root, 'tests', 'fixtures', folder, `${name}.heic`));
  const heic = (
    row: string,
    name: string,
    create: () => Buffer,
    rest: Partial<Case> = {},
  ): Case => ({
    ...{ format: 'HEIC', row, name: `heic-${name}.heic`, create },
    reference: () => heicAsPng(root, create()),
    ...rest,
  });
  const encoded = (row: string, name: string, picture: Picture) =>
    heic(row, name, () => read('conformance', name), {
      picture: () => encodePng(picture, { colorType: RGBA }),
    });
  // The range and the matrix of a HEIC are those of its box, not those of its HEVC data.
  const withColor = (file: Buffer, color: Buffer) => withProperties(file, replacing('colr', color));
  const source = () => read('conformance', 'yuv444-8');
  const row = '8, 10 and 12 bits; 4:4:4, 4:2:2, 4:2:0 and gray; full and limited range';
  const alpha = 'Alpha, plain and premultiplied';
  const refused = (expected?: Expectation): Partial<Case> =>
    expected && 'refused' in expected
      ? { expected, reference: source }
      : { ...(expected && { expected }) };
  return [
    ...[
      'yuv420-8',
      'yuv422-8',
      'yuv444-8',
      'yuv420-10',
      'yuv422-10',
      'yuv444-10',
      'yuv420-12',
      'yuv444-12',
    ].map((name) => encoded(row, name, stripes())),
    heic(row, 'limited-8', () => withColor(source(), nclx(1, 13, 6, false))),
    heic(row, 'bt709-8', () => withColor(source(), nclx(1, 13, 1))),
    ...['yuv400-8', 'yuv400-10'].map((name) => encoded(row, name, grays())),
    ...['alpha-8', 'alpha-10'].map((name) => encoded(alpha, name, translucentStripes())),
    heic(alpha, 'premultiplied-8', () => {
      const heif = readHeif(read('conformance', 'alpha-8'));
      return writeHeif({ ...heif, references: [...heif.references, ['prem', 1, 2]] });
    }),
    ...['phone', 'corners', 'odd', 'ten-bit', 'thumbnail', 'grey', 'alpha', 'exif-6', 'burst'].map(
      (name) => heic('As phones and libheif write it', `fixture-${name}`, () => read('heic', name)),
    ),
    ...[...transformations(), ...colors(6), ...structures('hvc1')].map(
      ({ row: own, name, edit, expected }) =>
        heic(own, name, () => edit(source()), refused(expected)),
    ),
    ...colors(6).map(({ row: own, name, edit, expected }) =>
      heic(own, `10-${name}`, () => edit(read('conformance', 'yuv444-10')), refused(expected)),
    ),
    heic('With `HEIC=false`', 'off', source, {
      parameters: { HEIC: 'false' },
      expected: { refused: 'heic-off' },
    }),
  ];
}
