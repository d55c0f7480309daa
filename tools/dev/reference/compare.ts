/** Compares answers with the recorded answers of Google's emulator. */
import type { Answers } from './run-table.js';

/** The result of one table. */
export interface Comparison {
  name: string;
  total: number;
  /** Cases whose status, code, documents or values differ, and are not on purpose. */
  differences: Difference[];
  /** Cases that differ on purpose. */
  onPurpose: number;
  /** Cases that are said to differ on purpose, and do not. */
  notDiffering: string[];
  /** Errors with the same code and another message. */
  otherMessages: number;
}

export interface Difference {
  name: string;
  expected: string;
  found: string;
}

/**
 * Compares the answers to one table. Messages of errors may differ.
 * @param onPurpose the names of cases that differ on purpose, of generated cases the part before the colon
 */
export function compare(
  name: string,
  expected: Answers,
  found: Answers,
  onPurpose: ReadonlySet<string> = new Set(),
): Comparison {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])];
  const differing = names.filter((each) => !isSame(expected[each], found[each] ?? ''));
  const isOnPurpose = (each: string): boolean =>
    onPurpose.has(each) || onPurpose.has(shortName(each));
  return {
    name,
    total: names.length,
    differences: differing
      .filter((each) => !isOnPurpose(each))
      .map((each) => ({
        name: each,
        expected: expected[each] ?? 'no recorded answer',
        found: found[each] ?? 'no answer',
      })),
    onPurpose: differing.filter(isOnPurpose).length,
    // Of large tables only a part may be asked.
    notDiffering: names
      .filter((each) => !differing.includes(each))
      .flatMap((each) => [each, shortName(each)].filter((one) => onPurpose.has(one))),
    otherMessages: names.filter(
      (each) => !differing.includes(each) && expected[each] !== found[each],
    ).length,
  };
}

const shortName = (name: string): string =>
  name.includes(':') ? name.slice(0, name.indexOf(':')) : '';

function isSame(expected: string | undefined, found: string): boolean {
  if (expected === undefined || expected === found) return expected === found;
  const [status = '', code] = expected.split(' ');
  if (status === '200' || !found.startsWith(status)) return false;
  // Google's emulator answers unknown paths with text instead of an error object.
  return code === undefined || found.split(' ')[1] === code;
}

/** One line for a person: `name: differences/total`. */
export function summary({
  name,
  total,
  differences,
  onPurpose,
  otherMessages,
}: Comparison): string {
  const notes = [
    ...(onPurpose > 0 ? [`${onPurpose} on purpose`] : []),
    ...(otherMessages > 0 ? [`${otherMessages} with another message`] : []),
  ];
  const text = notes.length > 0 ? ` (${notes.join(', ')})` : '';
  return `${name}: ${differences.length}/${total}${text}`;
}
