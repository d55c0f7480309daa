/** Tests of which `npm test` runs a short form. */

/** Whether all runs are wanted: `npm test -- --all` and `--long`. */
const runsAll = process.env['LONG_TESTS'] === '1';

/** The part of the runs that the short form has. */
const SHORT = 1 / 8;

/**
 * @param all random runs of the long form
 * @returns random runs of the form that is wanted
 */
export function randomRuns(all: number): number {
  return runsAll ? all : Math.ceil(all * SHORT);
}

/** @returns `all` in the long form, else `few` */
export function countOf(all: number, few: number): number {
  return runsAll ? all : few;
}
