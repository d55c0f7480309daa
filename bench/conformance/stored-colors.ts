/** A few examples of the suite with what Chromium shows for them, for a test that needs no browser. */
import type { Size } from './chromium.js';

/** Written by `npm run bench -- conformance --write`. */
export const EXAMPLES_JSON = 'tests/fixtures/conformance/chromium.json';

export interface StoredColors extends Size {
  /** The mean color of each cell of a grid, on white, as `#rrggbb`; rows from top to bottom. */
  colors: string[];
}

export const EXAMPLES = [
  'jpeg-sampling-2x2.jpg',
  'jpeg-gray-icc.jpg',
  'jpeg-rgb-adobe.jpg',
  'jpeg-ycck-adobe.jpg',
  'jpeg-icc-p3.jpg',
  'jpeg-exif-6-MM.jpg',
  'jpeg-no-eoi.jpg',
  'png-gray-1.png',
  'png-rgb-16-interlaced.png',
  'png-palette-alpha-4.png',
  'png-trns-rgb-16.png',
  'png-gama-100000-16.png',
  'png-chrm-p3-8.png',
  'png-cicp-bt2020-16.png',
  'png-cicp-pq-16.png',
  'png-cicp-hlg-8.png',
  'png-icc-adobe-16.png',
  'png-gray-icc-18-16.png',
  'png-exif-7-II.png',
  'webp-alpha-lossy.webp',
  'webp-icc-p3.webp',
  'webp-exif-6.webp',
  'gif-disposal-2-first.gif',
  'gif-small-first.gif',
  'avif-yuv422-10.avif',
  'avif-alpha-12.avif',
  'avif-premultiplied-8.avif',
  'avif-10-nclx-p3.avif',
  'avif-10-icc-p3.avif',
  'avif-clap-origin.avif',
  'avif-brand-mif1.avif',
  'heic-clap-irot-1.heic',
  'heic-10-nclx-bt2020.heic',
  'heic-premultiplied-8.heic',
  'tiff-icc-adobe-16.tif',
  'tiff-premultiplied-16.tif',
];

const COLUMNS = 8;
const ROWS = 4;

/** @param pixels RGBA, opaque */
export function gridOf({ width, height }: Size, pixels: Uint8Array): string[] {
  const at = (index: number, count: number, length: number) => Math.floor((index * length) / count);
  return Array.from({ length: COLUMNS * ROWS }, (_, cell) => {
    const [column, row] = [cell % COLUMNS, Math.floor(cell / COLUMNS)];
    const sum = [0, 0, 0];
    let count = 0;
    for (let y = at(row, ROWS, height); y < at(row + 1, ROWS, height); y++) {
      for (let x = at(column, COLUMNS, width); x < at(column + 1, COLUMNS, width); x++) {
        for (let c = 0; c < 3; c++) {
          (sum[c] as number) += pixels[(y * width + x) * 4 + c] as number;
        }
        count++;
      }
    }
    return `#${sum.map((one) => hex(Math.round(one / Math.max(1, count)))).join('')}`;
  });
}

const hex = (level: number) => level.toString(16).padStart(2, '0');
