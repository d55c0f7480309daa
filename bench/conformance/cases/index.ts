/** All files of the suite. */
import type { Case } from '../case.js';
import { avifCases } from './avif.js';
import { gifCases } from './gif.js';
import { heicCases } from './heic.js';
import { jpegCases } from './jpeg.js';
import { otherCases } from './other.js';
import { pngCases } from './png.js';
import { tiffCases } from './tiff.js';
import { webpCases } from './webp.js';

/** @param root the repository */
export function allCases(root: string): Case[] {
  return [
    ...jpegCases(root),
    ...pngCases(),
    ...webpCases(),
    ...gifCases(),
    ...avifCases(root),
    ...heicCases(root),
    ...tiffCases(),
    ...otherCases(),
  ];
}
