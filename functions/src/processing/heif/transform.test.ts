import fc from 'fast-check';
import { addStep, isIdentity, noTransform, transformedSize } from './transform.js';
import type { Transform, TransformStep } from './transform.js';

/** Rows of pixels, each a number. */
type Picture = number[][];

const CODED = { width: 5, height: 4 };
const picture: Picture = Array.from({ length: CODED.height }, (_, y) =>
  Array.from({ length: CODED.width }, (_value, x) => 10 * y + x),
);
const widthOf = (rows: Picture) => rows[0]?.length ?? 0;

const flipX = (rows: Picture) => rows.map((row) => [...row].reverse());
const flipY = (rows: Picture) => [...rows].reverse();
const swap = (rows: Picture) =>
  Array.from({ length: widthOf(rows) }, (_, x) => rows.map((row) => row[x] as number));
/** Counterclockwise: the last column becomes the first row. */
const rotate = (rows: Picture) => flipY(swap(rows));

/** Applies one step to a picture, by its definition. */
function applyStep(rows: Picture, step: TransformStep): Picture {
  if (step.type === 'mirror') return step.axis === 'x' ? flipX(rows) : flipY(rows);
  if (step.type === 'rotate') {
    return Array.from({ length: step.quarters }).reduce<Picture>(rotate, rows);
  }
  const { left, top, width, height } = step.area;
  return rows.slice(top, top + height).map((row) => row.slice(left, left + width));
}

/** Applies a transform as decode.ts does: crop, mirrors, then rows and columns swapped. */
function applyTransform(rows: Picture, transform: Transform): Picture {
  let result = applyStep(rows, { type: 'crop', area: transform.crop });
  if (transform.flipX) result = flipX(result);
  if (transform.flipY) result = flipY(result);
  return transform.swap ? swap(result) : result;
}

type Choice = { kind: number; a: number; b: number };

/** A step that is possible for a picture of this size. */
function toStep({ kind, a, b }: Choice, width: number, height: number): TransformStep {
  if (kind === 0) return { type: 'rotate', quarters: a % 4 };
  if (kind === 1) return { type: 'mirror', axis: a % 2 === 0 ? 'x' : 'y' };
  const left = a % width;
  const top = b % height;
  const area = { left, top, width: 1 + (b % (width - left)), height: 1 + (a % (height - top)) };
  return { type: 'crop', area };
}

test('any crops, rotations and mirrors in any order give the pixels of one step after the other', () => {
  const choice = fc.record({ kind: fc.nat(2), a: fc.nat(99), b: fc.nat(99) });
  fc.assert(
    fc.property(fc.array(choice, { maxLength: 6 }), (choices) => {
      let expected = picture;
      let transform = noTransform(CODED);
      for (const one of choices) {
        const step = toStep(one, widthOf(expected), expected.length);
        expected = applyStep(expected, step);
        transform = addStep(transform, step);
      }
      expect(applyTransform(picture, transform)).toEqual(expected);
      expect(transformedSize(transform)).toEqual({
        width: widthOf(expected),
        height: expected.length,
      });
    }),
    { numRuns: 2000 },
  );
});

test('recognizes steps that change nothing', () => {
  const none = noTransform(CODED);
  expect(isIdentity(none, CODED)).toBe(true);
  const turned = addStep(none, { type: 'rotate', quarters: 2 });
  expect(isIdentity(turned, CODED)).toBe(false);
  expect(isIdentity(addStep(turned, { type: 'rotate', quarters: 2 }), CODED)).toBe(true);
  const area = { left: 0, top: 0, width: 5, height: 3 };
  expect(isIdentity(addStep(none, { type: 'crop', area }), CODED)).toBe(false);
});
