/** Inserts the rules blocks of this product into a rules file, without changing any other byte. */
import {
  parseRules,
  type Block,
  type Match,
  type PathPattern,
  type Service,
} from 'firebase-rules-check';
import { InitError, lineEndOf, splitByteOrderMark } from './changes.js';
import type { RulesTemplate, TemplateBlock } from './rules-template.js';

/** The match that holds all others; its wildcard stands for the bucket or the database. */
const CONTAINER = {
  'firebase.storage': { first: 'b', last: 'o', header: 'match /b/{bucket}/o {' },
  'cloud.firestore': {
    first: 'databases',
    last: 'documents',
    header: 'match /databases/{database}/documents {',
  },
} as const;

export interface RulesMerge {
  text: string;
  /** What the user should know, one sentence each. */
  notes: string[];
}

/**
 * Adds the blocks that the file does not have yet. A block is recognized by its path, whatever its wildcards are
 * called: the LIMITS in it are for the user to change, blocks pasted by hand count too, and markers would be one
 * more thing to keep.
 * @param text the user's rules
 * @param resource the bucket or the database that the rules are for
 * @throws RulesSyntaxError if the rules can't be parsed
 * @throws InitError if the file has no rules of the service
 */
export function mergeRules(
  text: string,
  file: string,
  template: RulesTemplate,
  resource: string,
): RulesMerge {
  const { mark, body } = splitByteOrderMark(text);
  const { version, services } = parseRules(body, file);
  const service = services.find(({ name }) => name === template.service);
  if (service === undefined) {
    throw new InitError(
      `${file}: expected rules of the service ${template.service}, found none: check firebase.json.`,
    );
  }
  const containers = containersOf(service, template.service, resource);
  const present = new Map(containers.flatMap((container) => [...shapesBelow(container)]));
  const notes: string[] = [];
  const missing: TemplateBlock[] = [];
  for (const block of template.blocks) {
    const match = present.get(shapeOf(block.match.pattern));
    if (match === undefined) missing.push(block);
    else if (essence(body.slice(match.start, match.end)) !== essence(block.text)) {
      notes.push(
        `${file}:${lineAt(body, match.start)}: kept your rules for /${pathOf(block.match.pattern)}, which differ from ` +
          'those of this version.',
      );
    }
  }
  if (missing.length === 0) return { text, notes };
  if (version === '1') {
    notes.push(
      `${file}: the blocks also work without rules_version = '2'; Firebase recommends that line as the first one, ` +
        'but it changes what {name=**} in your own rules matches: test them before you add it.',
    );
  }
  // A wildcard is for every bucket or database; only without one, the rules of a single one count.
  const container =
    containers.find(({ pattern }) => pattern.every(({ kind }) => kind === 'literal') === false) ??
    containers.at(0);
  const insertion =
    container === undefined
      ? insertionIn(body, service, service.matches, (unit) => [
          CONTAINER[template.service].header,
          ...linesOf(missing).map((line) => (line === '' ? '' : unit + withUnit(line, unit))),
          '}',
        ])
      : insertionIn(body, container, [...container.matches, ...container.allows], (unit) =>
          linesOf(missing).map((line) => withUnit(line, unit)),
        );
  return { text: mark + insertion, notes };
}

/** The matches with the path of the container, also where it is divided among nested matches. */
function containersOf(service: Service, name: RulesTemplate['service'], resource: string): Match[] {
  const { first, last } = CONTAINER[name];
  const isContainer = ([one, two, three, ...rest]: PathPattern[]) =>
    isLiteral(one, first) &&
    isLiteral(three, last) &&
    (two?.kind === 'literal' ? two.text === resource : two?.recursive === false) &&
    rest.length === 0;
  const found: Match[] = [];
  const visit = (matches: readonly Match[], outer: PathPattern[]) => {
    for (const match of matches) {
      const path = [...outer, ...match.pattern];
      if (isContainer(path)) found.push(match);
      else if (path.length < 3) visit(match.matches, path);
    }
  };
  visit(service.matches, []);
  return found;
}

function isLiteral(pattern: PathPattern | undefined, text: string): boolean {
  return pattern?.kind === 'literal' && pattern.text === text;
}

/** All matches below a container by the shape of their path within it. */
function shapesBelow(container: Match): Map<string, Match> {
  const shapes = new Map<string, Match>();
  const visit = (matches: readonly Match[], outer: PathPattern[]) => {
    for (const match of matches) {
      const path = [...outer, ...match.pattern];
      // A match that only holds others decides nothing.
      if (match.allows.length > 0) shapes.set(shapeOf(path), match);
      visit(match.matches, path);
    }
  };
  visit(container.matches, []);
  return shapes;
}

/** A path in which the names of wildcards do not matter. */
function shapeOf(pattern: readonly PathPattern[]): string {
  return pattern
    .map((part) => (part.kind === 'literal' ? `=${part.text}` : part.recursive ? '**' : '*'))
    .join('/');
}

function pathOf(pattern: readonly PathPattern[]): string {
  return pattern
    .map((part) =>
      part.kind === 'literal' ? part.text : `{${part.name}${part.recursive ? '=**' : ''}}`,
    )
    .join('/');
}

/** The statements of a block without comments, spaces and the function with the LIMITS. */
function essence(text: string): string {
  return text
    .replaceAll(/\/\/[^\n]*/g, '')
    .replace(/function isPhoto\(\) \{[^}]*\}/, '')
    .replaceAll(/\s/g, '');
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function linesOf(blocks: readonly TemplateBlock[]): string[] {
  return blocks
    .map(({ text }) => text)
    .join('\n\n')
    .split('\n');
}

/** Replaces the two spaces that a template is indented with. */
function withUnit(line: string, unit: string): string {
  const spaces = /^ */.exec(line)?.[0].length ?? 0;
  const levels = Math.floor(spaces / 2);
  return unit.repeat(levels) + line.slice(levels * 2);
}

/** Inserts lines before the closing brace of a block, indented like its other contents. */
function insertionIn(
  body: string,
  block: Block,
  contents: readonly { start: number }[],
  makeLines: (unit: string) => string[],
): string {
  const lineEnd = lineEndOf(body);
  const outer = indentationAt(body, block.start).text;
  const inner = [...block.functions, ...contents]
    .map(({ start }) => indentationAt(body, start))
    .find(({ isFirst, text }) => isFirst && text.length > outer.length && text.startsWith(outer));
  const unit = inner?.text.slice(outer.length) ?? (outer.includes('\t') ? '\t' : '  ');
  const lines = makeLines(unit).map((line) => (line === '' ? '' : outer + unit + line) + lineEnd);
  const close = block.end - 1;
  const lineStart = body.lastIndexOf('\n', close) + 1;
  const before = body.slice(0, lineStart);
  if (body.slice(lineStart, close).trim() === '') {
    const isFirst = /\{\s*$/.test(before) || /\n[ \t]*\r?\n$/.test(before);
    return before + (isFirst ? '' : lineEnd) + lines.join('') + body.slice(lineStart);
  }
  // The block is closed on a line with other text.
  let end = close;
  while (' \t'.includes(body[end - 1] ?? '\n')) end--;
  return body.slice(0, end) + lineEnd + lines.join('') + outer + body.slice(end);
}

/** The white space that the line of an offset begins with, and whether nothing else is before the offset. */
function indentationAt(text: string, offset: number): { text: string; isFirst: boolean } {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const indentation = /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? '';
  return { text: indentation, isFirst: start + indentation.length === offset };
}
