/** What AVIF and HEIC have in common: box edits of one file, over transformations, color and structure. */
import type { Expectation } from '../case.js';
import {
  auxC,
  boxType,
  clap,
  gridData,
  imir,
  irot,
  ispe,
  nclx,
  prof,
  readHeif,
  replacing,
  withProperties,
  writeHeif,
  type HeifFile,
} from '../heif.js';
import { exifOrientation } from '../exif.js';
import { PROFILES } from '../icc.js';
import { u32 } from '../../processing/fields.js';

export interface Edit {
  row: string;
  name: string;
  edit: (file: Buffer) => Buffer;
  expected?: Expectation;
}

/** The pictures are 96 x 64. */
const TRANSFORMATIONS: Readonly<Record<string, Buffer[]>> = {
  'irot-0': [irot(0)],
  'irot-1': [irot(1)],
  'irot-2': [irot(2)],
  'irot-3': [irot(3)],
  'imir-0': [imir(0)],
  'imir-1': [imir(1)],
  ...Object.fromEntries(
    [1, 2, 3].flatMap((quarters) =>
      [0, 1].flatMap((axis) => [
        [`irot-${quarters}-imir-${axis}`, [irot(quarters), imir(axis)]],
        [`imir-${axis}-irot-${quarters}`, [imir(axis), irot(quarters)]],
      ]),
    ),
  ),
};

const CROPS: Readonly<Record<string, Buffer[]>> = {
  'clap-center': [clap(48, 32, 0, 0)],
  'clap-corner': [clap(48, 32, 48, 32)],
  'clap-origin': [clap(48, 32, -48, -32)],
  'clap-odd': [clap(41, 27, 11, 5)],
  'clap-whole': [clap(96, 64, 0, 0)],
  'clap-irot-1': [clap(48, 32, -48, -32), irot(1)],
  'clap-irot-3': [clap(48, 32, 48, 32), irot(3)],
  'clap-imir-0': [clap(48, 32, -48, -32), imir(0)],
  'clap-imir-1': [clap(48, 32, -48, -32), imir(1)],
  'clap-irot-1-imir-1': [clap(48, 32, -48, -32), irot(1), imir(1)],
  'clap-irot-2-imir-0': [clap(40, 32, 56, -32), irot(2), imir(0)],
  'irot-1-clap': [irot(1), clap(32, 48, -32, -48)],
  'imir-1-clap': [imir(1), clap(48, 32, -48, -32)],
};

export function transformations(): Edit[] {
  const edit = (properties: Buffer[]) => (file: Buffer) =>
    withProperties(file, (own) => [...own, ...properties], { auxiliary: true });
  return [
    ...Object.entries(TRANSFORMATIONS).map(([name, properties]) => ({
      ...{
        row: 'Rotated and mirrored (`irot`, `imir`)',
        name,
        edit: edit(properties),
      },
    })),
    ...Object.entries(CROPS).map(([name, properties]) => ({
      ...{
        row: 'Cropped (`clap`), also rotated and mirrored',
        name,
        edit: edit(properties),
      },
    })),
  ];
}

/** @param matrix of the file's YCbCr, ITU-T H.273 */
export function colors(matrix: number): Edit[] {
  const numbers = 'Color space by numbers (`nclx`), without HDR';
  const toneMapped = { converted: 'tone-mapped' } as const;
  const colr =
    (...boxes: Buffer[]) =>
    (file: Buffer) =>
      withProperties(file, replacing('colr', ...boxes));
  const spaces = [
    ['srgb', 1, 13],
    ['unspecified', 2, 2],
    ['bt709', 1, 1],
    ['bt601', 6, 6],
    ['p3', 12, 13],
    ['dci-p3', 11, 13],
    ['bt2020', 9, 14],
    ['bt2020-srgb', 9, 13],
    ['gamma-22', 1, 4],
    ['gamma-28', 5, 5],
    ['linear', 1, 8],
    ['p3-unspecified-transfer', 12, 2],
  ] as const;
  return [
    ...spaces.map(([name, primaries, transfer]) => ({
      ...{ row: numbers, name: `nclx-${name}`, edit: colr(nclx(primaries, transfer, matrix)) },
    })),
    { row: 'Without a color space', name: 'no-colr', edit: colr() },
    ...[16, 18].map((transfer) => ({
      ...{ row: 'HDR: PQ and HLG', name: transfer === 16 ? 'pq' : 'hlg', expected: toneMapped },
      edit: colr(nclx(9, transfer, matrix)),
    })),
    ...(['srgb', 'p3', 'adobe', 'prophoto', 'bt2020'] as const).map((name) => ({
      row: 'RGB profile: sRGB, Display P3, Adobe RGB, ProPhoto, Rec. 2020',
      ...{ name: `icc-${name}`, edit: colr(nclx(2, 2, matrix), prof(PROFILES[name])) },
    })),
    {
      row: 'Profile and numbers: the profile is used',
      ...{ name: 'icc-srgb-nclx-p3', edit: colr(nclx(12, 13, matrix), prof(PROFILES.srgb)) },
    },
  ];
}

function change(edit: (heif: HeifFile) => HeifFile) {
  return (file: Buffer) => writeHeif(edit(readHeif(file)));
}

export function structures(codec: 'av01' | 'hvc1'): Edit[] {
  const isAvif = codec === 'av01';
  const majors = isAvif ? ['avif', 'mif1', 'miaf'] : ['heic', 'heix', 'mif1', 'msf1'];
  const own = isAvif ? 'avif' : 'heic';
  const extra = 'With metadata, a thumbnail, a depth map or another image, which are left out';
  const ignored = 'EXIF orientation, which is ignored: `irot` and `imir` count';
  return [
    ...majors.map((major) => ({
      row: `Any major brand with \`${own}\` among the compatible brands`,
      name: `brand-${major}`,
      edit: change((heif) => ({ ...heif, brands: [major, 'mif1', own, 'miaf'] })),
    })),
    ...[3, 6, 8].map((orientation) => ({
      ...{ row: ignored, name: `exif-${orientation}` },
      edit: change((heif) => withExif(heif, orientation)),
    })),
    {
      ...{ row: ignored, name: 'exif-6-irot-3' },
      edit: (file: Buffer) =>
        change((heif) => withExif(heif, 6))(withProperties(file, (all) => [...all, irot(3)])),
    },
    ...(['thmb', 'auxl'] as const).map((reference) => ({
      ...{ row: extra, name: reference === 'thmb' ? 'thumbnail' : 'depth-map' },
      edit: change((heif) => {
        const [first] = heif.items;
        if (!first) return heif;
        const kind = auxC('urn:mpeg:mpegB:cicp:systems:auxiliary:depth');
        const properties = reference === 'auxl' ? [...first.properties, kind] : first.properties;
        return {
          ...heif,
          items: [...heif.items, { ...first, properties, hidden: true }],
          references: [...heif.references, [reference, heif.items.length + 1, heif.primary]],
        };
      }),
    })),
    {
      ...{ row: extra, name: 'second-image' },
      edit: change((heif) => ({
        ...heif,
        items: [
          ...heif.items,
          ...heif.items.map((one) => ({ ...one, properties: [...one.properties, irot(2)] })),
        ],
      })),
    },
    {
      ...{ row: extra, name: 'primary-is-second' },
      edit: change((heif) => ({
        ...heif,
        items: [
          ...heif.items.map((one) => ({ ...one, properties: [...one.properties, irot(2)] })),
          ...heif.items,
        ],
        primary: heif.items.length + heif.primary,
      })),
    },
    ...(
      [
        [2, 2],
        [3, 1],
      ] as const
    ).flatMap(([columns, rows]) =>
      [0, 10].map((trim) => ({
        ...{ row: 'Grid of tiles', name: `grid-${columns}x${rows}${trim ? '-trimmed' : ''}` },
        edit: change((heif) => grid(heif, columns, rows, trim)),
      })),
    ),
    {
      ...{ row: 'Cut short', name: 'cut-in-half', expected: { refused: 'damaged-image' } as const },
      edit: (file: Buffer) => file.subarray(0, -200),
    },
  ];
}

/** ISO/IEC 23008-12 annex A.2.1: four bytes, the offset of the TIFF header, then EXIF. */
function withExif(heif: HeifFile, orientation: number): HeifFile {
  const data = Buffer.concat([u32(0), exifOrientation(orientation)]);
  return {
    ...heif,
    items: [...heif.items, { type: 'Exif', data, properties: [], hidden: true }],
    references: [...heif.references, ['cdsc', heif.items.length + 1, heif.primary]],
  };
}

/** The image several times, as tiles; the last ones stick out by `trim` pixels. */
function grid(heif: HeifFile, columns: number, rows: number, trim: number): HeifFile {
  const [tile] = heif.items;
  if (!tile) return heif;
  const [width, height] = [96 * columns - trim, 64 * rows - trim];
  const shared = tile.properties.filter((one) => ['colr', 'pixi'].includes(boxType(one)));
  const data = gridData(columns, rows, width, height);
  const tiles = Array.from({ length: columns * rows }, () => ({ ...tile, hidden: true }));
  return {
    ...heif,
    items: [{ type: 'grid', data, properties: [ispe(width, height), ...shared] }, ...tiles],
    references: [['dimg', 1, ...tiles.map((_, i) => i + 2)]],
    primary: 1,
  };
}
