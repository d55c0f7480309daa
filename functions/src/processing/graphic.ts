/** Recognizes graphics (screenshots, drawings, text) by their pixels. */
import type { RawImage } from './raw-image.js';

/** The most rows that are looked at; they are spread over the first frame. */
const ROWS = 96;
/** In graphics, at least this share of neighboring pixels are equal: dense text that was reduced to half its size. */
const MIN_EQUAL = 0.3;
/** Levels. Photos that have plain areas, such as products on white, differ in small steps elsewhere. */
const SMALL_STEP = 8;
/** In graphics, at most this share of the other neighbors differ in a small step; in such photos, more than 0.9 do. */
const MAX_SMALL = 0.65;

/** Whether the first frame is a graphic. Takes about a millisecond. */
export function isGraphic({ data, width, height, channels }: RawImage): boolean {
  const rows = Math.min(ROWS, height);
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
  const pairs = rows * (width - 1);
  return equal >= MIN_EQUAL * pairs && small <= MAX_SMALL * (pairs - equal);
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
