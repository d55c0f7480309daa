/** What a file says about the color space of its pixels, however its format writes it. */

/** CIE 1931 x and y. */
export type Chromaticity = readonly [x: number, y: number];

/** The white and the primary colors of a color space. */
export interface Chromaticities {
  white: Chromaticity;
  red: Chromaticity;
  green: Chromaticity;
  blue: Chromaticity;
}

/** ITU-T H.273. */
export interface CodePoints {
  primaries: number;
  transfer: number;
}

/** Empty: the file says nothing, its pixels count as sRGB. */
export interface ColorDescription {
  /** ICC profile of any color space. */
  icc?: Buffer;
  /** PNG `cICP`; AVIF and HEIC `colr` of type `nclx`. */
  cicp?: CodePoints & {
    /** How the file encodes RGB; the decoder has already used it. */
    matrix?: number;
    fullRange?: boolean;
  };
  /** Encoding exponent, PNG `gAMA` divided by 100,000: 1/2.2 is 0.45455. */
  gamma?: number;
  /** PNG `cHRM`. */
  chromaticities?: Chromaticities;
}
