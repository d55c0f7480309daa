/** A rules file -> mutants: files that differ from it in one thing that might be wrong. */
import type {
  Allow,
  Block,
  Expression,
  FunctionDeclaration,
  Match,
  PathPattern,
  RulesFile,
  RulesMethod,
  ServiceName,
} from '../ast.js';
import { RulesSyntaxError } from '../index.js';
import { parse } from '../parser.js';
import { Source } from '../source.js';
import { expressionMutants } from './expression-mutants.js';
import { printExpression, printMethods, printPattern, printRules } from './print.js';
import { exchange, expressionOf, withoutDead } from './tree.js';

/** One changed file. */
export interface Mutant {
  /** Where in the original the changed part is. */
  readonly line: number;
  readonly column: number;
  /** What was changed, without a line, so that it stays the same when other lines move. */
  readonly what: string;
  readonly source: string;
}

const METHODS: readonly RulesMethod[] = ['get', 'list', 'create', 'update', 'delete'];

/** Segments of a path that the service sets, whatever a client asks for: /b/BUCKET/o. */
const FIXED_SEGMENTS = 3;

/** Additions to a condition that people make, each of which shuts someone out. */
const NARROWINGS = [
  'resource == null',
  'resource != null',
  "request.auth.token.firebase.sign_in_provider != 'anonymous'",
];

/** To whom a method could be opened by mistake. */
function grants(service: ServiceName, method: RulesMethod): string[] {
  const resource = method === 'create' ? 'request.resource' : 'resource';
  const holder = service === 'cloud.firestore' ? 'data' : 'metadata';
  const everybody = ['true', 'request.auth != null'];
  // A list in Storage is about a prefix, which is no object.
  if (service === 'firebase.storage' && method === 'list') return everybody;
  return [...everybody, `request.auth.uid == ${resource}.${holder}.uid`];
}

/** What changing a file one part at a time has made. */
export interface Mutants {
  readonly mutants: readonly Mutant[];
  /** How many changes made none, since they are to what is `if false` anyway. */
  readonly withoutEffect: number;
}

/**
 * All mutants of a rules file, each with another effect than the file and each other as far as
 * that shows in the syntax. What opens nothing is tested by opening it, a method at a time.
 * @param file the file's name, for messages
 * @throws RulesSyntaxError when the file itself has a mistake
 */
export function createMutants(text: string, file: string): Mutants {
  return new Maker(new Source(text, file)).all();
}

/** Where a part stands. */
interface Place {
  readonly name: string;
  readonly service: ServiceName;
  /** Variables that can be named there. */
  readonly variables: readonly string[];
  /** How many segments the match blocks around it have. */
  readonly depth: number;
}

class Maker {
  private readonly tree: RulesFile;
  private readonly seen = new Set<string>();
  private readonly names = new Map<string, number>();
  private readonly mutants: Mutant[] = [];
  private readonly ownEffect: string;
  private withoutEffect = 0;

  constructor(private readonly source: Source) {
    this.tree = parse(source);
    this.ownEffect = effectOf(this.tree);
  }

  all(): Mutants {
    const { tree } = this;
    const other = tree.version === '2' ? '1' : '2';
    this.add(0, `rules_version ${tree.version} → ${other}`, { ...tree, version: other });
    for (const service of tree.services) {
      const outer = { name: service.name, service: service.name, variables: [], depth: 0 };
      for (const declared of tree.functions) this.function(declared, outer);
      this.block(service, outer);
    }
    const { mutants, withoutEffect } = this;
    return { mutants, withoutEffect };
  }

  private block(block: Block, place: Place): void {
    for (const declared of block.functions) this.function(declared, place);
    for (const match of block.matches) this.match(match, place);
  }

  private match(match: Match, outer: Place): void {
    const name = printPattern(match.pattern);
    const wildcards = match.pattern.flatMap((part) =>
      part.kind === 'wildcard' ? [part.name] : [],
    );
    const variables = [...outer.variables, ...wildcards];
    const inner = { ...outer, name, variables, depth: outer.depth + match.pattern.length };
    this.pattern(match, outer);
    for (const allow of match.allows) this.allow(allow, inner);
    if (match.allows.length > 0) this.openings(match, inner);
    this.block(match, inner);
  }

  private pattern(match: Match, outer: Place): void {
    const { pattern } = match;
    const change = (changed: readonly PathPattern[]): void => {
      const what = `${printPattern(pattern)} → ${printPattern(changed)}`;
      this.add(match.start, what, exchange(this.tree, pattern, changed));
    };
    pattern.forEach((part, index) => {
      const put = (...parts: PathPattern[]): void => change(pattern.toSpliced(index, 1, ...parts));
      const isFixed = outer.depth + index < FIXED_SEGMENTS;
      if (part.kind === 'literal') {
        put({ kind: 'literal', text: `${part.text}x` });
        if (!isFixed) put({ kind: 'wildcard', name: 'any', recursive: false });
        return;
      }
      put({ ...part, recursive: !part.recursive });
      if (isFixed && outer.service === 'cloud.firestore')
        put({ kind: 'literal', text: '(default)' });
      const next = pattern.findIndex((other, at) => at > index && other.kind === 'wildcard');
      const other = pattern[next];
      if (other?.kind === 'wildcard') {
        const swapped = pattern.with(index, { ...part, name: other.name });
        change(swapped.with(next, { ...other, name: part.name }));
      }
    });
    if (match.allows.length === 0) return;
    change([...pattern, { kind: 'wildcard', name: 'below', recursive: true }]);
    if (outer.depth >= FIXED_SEGMENTS) {
      change([{ kind: 'wildcard', name: 'above', recursive: true }, ...pattern]);
    }
  }

  private allow(allow: Allow, outer: Place): void {
    const { condition, methods, start } = allow;
    const words = printMethods(methods);
    const place = { ...outer, name: `${outer.name} allow ${words}` };
    const put = (at: number, what: string, changed: Allow | undefined): void =>
      this.add(at, `${place.name}: ${what}`, exchange(this.tree, allow, changed));
    put(start, 'dropped', undefined);
    for (const method of methods.size > 1 ? methods : []) {
      const fewer = new Set([...methods].filter((other) => other !== method));
      put(start, `${method} dropped`, { ...allow, methods: fewer });
    }
    for (const text of ['true', 'false']) {
      put(condition?.start ?? start, `if ${text}`, { ...allow, condition: expressionOf(text) });
    }
    if (!condition) return;
    this.expression(condition, place);
    for (const text of condition.kind === 'literal' ? [] : NARROWINGS) {
      const right = expressionOf(text);
      const both = { operator: '&&', left: condition, right } as const;
      const narrower: Expression = { ...condition, kind: 'binary', ...both };
      put(condition.start, `&& ${text} added`, { ...allow, condition: narrower });
    }
  }

  private openings(match: Match, place: Place): void {
    for (const method of METHODS) {
      for (const text of grants(place.service, method)) {
        const { start, end } = match;
        const condition = expressionOf(text);
        const opened: Allow = { methods: new Set([method]), condition, start, end };
        this.add(
          start,
          `${place.name}: allow ${method}: if ${text} added`,
          exchange(this.tree, match.allows, [...match.allows, opened]),
        );
      }
    }
  }

  private function(declared: FunctionDeclaration, outer: Place): void {
    const { result, parameters, lets } = declared;
    const variables = [...outer.variables, ...parameters, ...lets.map(({ name }) => name)];
    const place = { ...outer, name: `${outer.name} ${declared.name}()`, variables };
    for (const { value } of lets) this.expression(value, place);
    for (const text of ['true', 'false']) {
      this.add(
        result.start,
        `${place.name}: return ${text}`,
        exchange(this.tree, result, expressionOf(text)),
      );
    }
    this.expression(result, place);
  }

  private expression(expression: Expression, { name, variables }: Place): void {
    for (const { from, to } of expressionMutants(expression, variables)) {
      this.add(
        from.start,
        `${name}: ${printExpression(from)} → ${printExpression(to)}`,
        exchange(this.tree, from, to),
      );
    }
  }

  /** Keeps a mutant unless it is without effect, as one before it, or can't be read. */
  private add(offset: number, what: string, changed: RulesFile): void {
    const effect = effectOf(changed);
    if (effect === this.ownEffect) this.withoutEffect++;
    if (effect === this.ownEffect || this.seen.has(effect)) return;
    this.seen.add(effect);
    const source = printRules(changed);
    if (!reads(source)) return;
    const { line, column } = this.source.position(offset);
    const times = (this.names.get(what) ?? 0) + 1;
    this.names.set(what, times);
    this.mutants.push({ line, column, what: times > 1 ? `${what} (${times})` : what, source });
  }
}

function effectOf(tree: RulesFile): string {
  return printRules(withoutDead(tree));
}

function reads(source: string): boolean {
  try {
    parse(new Source(source, 'mutant'));
    return true;
  } catch (error) {
    if (error instanceof RulesSyntaxError) return false;
    throw error;
  }
}
