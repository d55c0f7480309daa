/** The focal point of an original, which `cover:focal` keeps in view: custom metadata `focus`, such as `0.3,0.6`. */
import type { Point, Variant } from './variant.js';

/** The custom metadata key. */
export const FOCUS = 'focus';

/** A decimal from 0 to 1. */
const COORDINATE = '(?:0|1|0?[.][0-9]{1,6}|1[.]0{1,6})';
const FOCUS_PATTERN = new RegExp(`^(${COORDINATE}),(${COORDINATE})$`);

/**
 * @param text anything: clients write it
 * @returns undefined when it is not two numbers from 0 to 1; then the crop is centered
 */
export function parseFocus(text: string | undefined): Point | undefined {
  const [, x, y] = FOCUS_PATTERN.exec((text ?? '').slice(0, 20)) ?? [];
  return x === undefined || y === undefined ? undefined : { x: Number(x), y: Number(y) };
}

export function formatFocus({ x, y }: Point): string {
  return `${+x.toFixed(6)},${+y.toFixed(6)}`;
}

export function isSameFocus(a: Point | undefined, b: Point | undefined): boolean {
  return a?.x === b?.x && a?.y === b?.y;
}

/** The focal point of an original, if a variant uses it: otherwise a change of it changes nothing. */
export function focusFor(
  { focus }: { focus?: Point },
  { variants }: { variants: readonly Pick<Variant, 'crop'>[] },
): { focus?: Point } {
  return focus && variants.some(({ crop }) => crop === 'focal') ? { focus } : {};
}
