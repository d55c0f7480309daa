/** AVIF: depth × subsampling × range × alpha × color space × transformation × structure × sequences. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AvifOptions } from 'sharp';
import type { Case, Expectation } from '../case.js';
import { readHeif, writeHeif } from '../heif.js';
import { grays, SIZES, stripes, toSharp, translucentStripes, type Picture } from '../picture.js';
import { colors, structures, transformations, type Edit } from './heif.js';

const DEPTHS = [8, 10, 12] as const;

const encode = (picture: Picture, options: AvifOptions, alpha = false) =>
  toSharp(picture, { alpha, depth: options.bitdepth === 8 ? 8 : 16 })
    .avif({ quality: 90, effort: 2, ...options })
    .toBuffer();

function avif(row: string, name: string, create: Case['create'], expected?: Expectation): Case {
  return {
    ...{ format: 'AVIF', row, name: `avif-${name}.avif`, create },
    ...(expected && { expected }),
  };
}

function encoded(): Case[] {
  const row = '8, 10 and 12 bits; 4:4:4, 4:2:2, 4:2:0 and gray; full and limited range';
  const alpha = 'Alpha, plain and premultiplied';
  return DEPTHS.flatMap((bitdepth) => [
    ...(['4:4:4', '4:2:0'] as const).map((chromaSubsampling): Case => ({
      ...avif(row, `rgb-${bitdepth}-${chromaSubsampling.replaceAll(':', '')}`, () =>
        encode(stripes(), { bitdepth, chromaSubsampling }),
      ),
      tolerance: 'subsampled',
    })),
    avif(row, `gray-${bitdepth}`, () => encode(grays(), { bitdepth })),
    avif(row, `lossless-${bitdepth}`, () =>
      encode(stripes(), { bitdepth, lossless: true, chromaSubsampling: '4:4:4' }),
    ),
    avif(alpha, `sharp-alpha-${bitdepth}`, () =>
      encode(translucentStripes(), { bitdepth, chromaSubsampling: '4:4:4' }, true),
    ),
  ]);
}

/** Files that sharp does not write: tests/fixtures/conformance/README.md says how they were created. */
function fixtures(read: (name: string) => Buffer): Case[] {
  const row = '8, 10 and 12 bits; 4:4:4, 4:2:2, 4:2:0 and gray; full and limited range';
  const matrix = 'Other matrices: identity, YCgCo, Rec. 709, Rec. 2020';
  const alpha = 'Alpha, plain and premultiplied';
  const rows: [row: string, names: string[]][] = [
    [row, DEPTHS.flatMap((depth) => [`yuv422-${depth}`, `yuv400-${depth}`])],
    [row, ['limited-420-8', 'limited-444-10', 'limited-400-8']],
    [matrix, ['identity-8', 'ycgco-8', 'bt709-matrix-8', 'bt2020-matrix-10']],
    [
      alpha,
      ['alpha-8', 'alpha-10', 'alpha-12', 'alpha-400', 'premultiplied-8', 'premultiplied-10'],
    ],
    ['Grid of tiles', ['grid-3x2']],
  ];
  return [
    ...rows.flatMap(([own, names]) =>
      names.map((name) => ({
        ...avif(own, name, () => read(`${name}.avif`)),
        ...(/42[02]|alpha-10|grid/.test(name) && { tolerance: 'subsampled' as const }),
      })),
    ),
    avif('Sequence (`avis`)', 'sequence-3', () => read('sequence-3.avif'), {
      converted: 'first frame',
    }),
    avif(
      'Sequence (`avis`)',
      'sequence-3-major-avif',
      () => {
        const file = Buffer.from(read('sequence-3.avif'));
        file.write('avif', 8, 'latin1');
        return file;
      },
      { converted: 'first frame' },
    ),
  ];
}

function sizes(): Case[] {
  return SIZES.map(([width, height]) =>
    avif('Sizes from 1 x 1 on', `size-${width}x${height}`, () =>
      encode(stripes(width, height), { bitdepth: 8, chromaSubsampling: '4:4:4' }),
    ),
  );
}

function edited(prefix: string, source: () => Promise<Buffer>, edits: Edit[]): Case[] {
  return edits.map(({ row, name, edit, expected }) =>
    avif(row, `${prefix}${name}`, async () => edit(await source()), expected),
  );
}

/** @param root the repository */
export function avifCases(root: string): Case[] {
  const read = (name: string) => readFileSync(join(root, 'tests', 'fixtures', 'conformance', name));
  const eight = () => encode(stripes(), { bitdepth: 8, chromaSubsampling: '4:4:4' });
  const ten = () => encode(stripes(), { bitdepth: 10, chromaSubsampling: '4:4:4' });
  const translucent = () =>
    encode(translucentStripes(), { bitdepth: 8, chromaSubsampling: '4:4:4' }, true);
  // sharp writes YCbCr with the matrix of Rec. 601.
  const matrix = 6;
  return [
    ...encoded(),
    ...fixtures(read),
    ...sizes(),
    ...edited('', eight, [...transformations(), ...colors(matrix), ...structures('av01')]),
    ...edited('10-', ten, colors(matrix)),
    ...edited('alpha-', translucent, [
      ...transformations().filter(({ name }) =>
        ['irot-1', 'clap-corner', 'clap-irot-1-imir-1'].includes(name),
      ),
      ...colors(matrix).filter(({ name }) => ['nclx-p3', 'icc-p3'].includes(name)),
    ]),
    avif(
      'Item type that is unknown',
      'unknown-item',
      async () => {
        const heif = readHeif(await eight());
        return writeHeif({ ...heif, items: heif.items.map((item) => ({ ...item, type: 'xxxx' })) });
      },
      { refused: 'unsupported-format' },
    ),
  ];
}
