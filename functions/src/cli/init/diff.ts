/** Shows changes as a unified diff. */
import { createTwoFilesPatch } from 'diff';
import { lineEndOf, type FileChange } from './changes.js';

/** Lines of context around a change. */
const CONTEXT = 3;

/** @returns text with line feeds; empty if nothing changes */
export function showChanges(changes: readonly FileChange[]): string {
  return changes.map(show).join('\n');
}

function show({ path, before, after, copyOf }: FileChange): string {
  if (copyOf !== undefined) return `Copy of ${copyOf}: ${path}\n`;
  if (after === undefined) return `Deleted: ${path}\n`;
  const name = before === undefined ? '/dev/null' : path;
  const patch = createTwoFilesPatch(name, path, before ?? '', after, undefined, undefined, {
    context: CONTEXT,
  });
  const [, ...lines] = patch.split('\n');
  const isCrlf = lineEndOf(after) === '\r\n';
  return lines.map((line) => (isCrlf ? line.replace(/\r$/, '') : line)).join('\n');
}
