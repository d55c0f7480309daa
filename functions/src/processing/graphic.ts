/** Recognizes graphics (screenshots, drawings, text) by their pixels. */
import type { RawImage } from './raw-image.js';

/** The most rows that are looked at; they are spread over the first frame. */
const ROWS = 96;
/** Of a photo, so few rows are enough. */
const FIRST_ROWS = 16;
/** In graphics, at least this share of neighboring pixels are equal: dense text that was reduced to half its size. */
const MIN_EQUAL = 0.3;
/** With a lower share in the first rows, an image is a photo. */
const MIN_FIRST_EQUAL = 0.1;
/** Levels. Photos that have plain areas, such as products on white, differ in small steps elsewhere. */
const SMALL_STEP = 8;
/** In graphics, at most this share of the other neighbors differ in a small step; in such photos, more than 0.9 do. */
const MAX_SMALL = 0.65;

/** Whether the first frame is a graphic. Takes a few milliseconds at most. */
export function isGraphic(image: RawImage): boolean {
  const first = countSteps(image, FIRST_ROWS);
  if (first.equal < MIN_FIRST_EQUAL * first.pairs) return false;
  const { pairs, equal, small } = countSteps(image, ROWS);
  return equal >= MIN_EQUAL * pairs && small <= MAX_SMALL * (pairs - equal);
}

/** Compares neighbors in some rows: how many pairs are equal, and how many differ in a small step. */
function countSteps({ data, width, height, channels }: RawImage, maxRows: number) {
  const rows = Math.min(maxRows, height);
  let equal = 0;
  let small = 0;
  for (let index = 0; index < rows; index++) {
    const row = Math.floor(((index + 0.5) * height) / rows) * width * channels;
    for (let at = row + channels; at < row + width * channels; at += channels) {
      const step = largestStep(data, at - channels, at);
      if (step === 0) equal++;
      else if (step <= SMALL_STEP) small++;
    }
  }
  return { pairs: rows * (width - 1), equal, small };
}

/** The largest difference of two pixels in one of the channels red, green and blue. */
function largestStep(data: Buffer, a: number, b: number): number {
  let largest = 0;
  for (let channel = 0; channel < 3; channel++) {
    const step = Math.abs((data[a + channel] as number) - (data[b + channel] as number));
    if (step > largest) largest = step;
  }
  return largest;
}
