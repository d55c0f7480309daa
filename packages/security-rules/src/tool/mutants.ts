/** Creates mutants of a rules file: files that differ from it in one likely mistake. */
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
import { replaceNode, parseExpression, withoutEmptyMatches, withoutUnreachable } from './tree.js';

/** A rules file with one change. */
export interface Mutant {
  /** The position of the changed part in the unchanged file. */
  readonly line: number;
  readonly column: number;
  /** The change, without a line number, so that it is the same when other lines move. */
  readonly description: string;
  readonly source: string;
}

const METHODS: readonly RulesMethod[] = ['get', 'list', 'create', 'update', 'delete'];

/** The number of segments at the start of each path that clients cannot choose: /b/BUCKET/o. */
const FIXED_SEGMENTS = 3;

/** Conditions that are sometimes added with `&&`, so that fewer requests are allowed. */
const ADDED_CONDITIONS = [
  'resource == null',
  'resource != null',
  "request.auth.token.firebase.sign_in_provider != 'anonymous'",
];

/** Conditions of an `allow` statement that could be added by mistake. */
function addedGrants(service: ServiceName, method: RulesMethod): string[] {
  const resource = method === 'create' ? 'request.resource' : 'resource';
  const field = service === 'cloud.firestore' ? 'data' : 'metadata';
  const general = ['true', 'request.auth != null'];
  // A list in Storage has a prefix, without metadata.
  if (service === 'firebase.storage' && method === 'list') return general;
  return [...general, `request.auth.uid == ${resource}.${field}.uid`];
}

/** The mutants of one file. */
export interface Mutants {
  readonly mutants: readonly Mutant[];
  /** The number of changes that cannot change a decision, such as those inside `if false`. */
  readonly withoutEffect: number;
}

/**
 * Creates all mutants of a rules file. The mutants differ from the file and from each other also without
 * the parts that cannot allow a request. For each match block with `allow` statements there are mutants
 * that allow one more method.
 * @param file the name of the file, for error messages
 * @throws RulesSyntaxError when the file itself is invalid
 */
export function createMutants(text: string, file: string): Mutants {
  return new MutantGenerator(new Source(text, file)).createAll();
}

/** Where a part is in the file. */
interface Scope {
  readonly name: string;
  readonly service: ServiceName;
  /** The variables that are defined. */
  readonly variables: readonly string[];
  /** The number of path segments of the enclosing match blocks. */
  readonly depth: number;
}

class MutantGenerator {
  private readonly tree: RulesFile;
  private readonly seen = new Set<string>();
  private readonly counts = new Map<string, number>();
  private readonly mutants: Mutant[] = [];
  private readonly originalEffect: string;
  private withoutEffect = 0;

  constructor(private readonly source: Source) {
    this.tree = parse(source);
    this.originalEffect = effectOf(this.tree);
  }

  createAll(): Mutants {
    const { tree } = this;
    const other = tree.version === '2' ? '1' : '2';
    this.addMutant(0, `rules_version ${tree.version} → ${other}`, { ...tree, version: other });
    for (const service of tree.services) {
      const outer = { name: service.name, service: service.name, variables: [], depth: 0 };
      for (const declared of tree.functions) this.mutateFunction(declared, outer);
      this.mutateBlock(service, outer);
    }
    const { mutants, withoutEffect } = this;
    return { mutants, withoutEffect };
  }

  private mutateBlock(block: Block, scope: Scope): void {
    for (const declared of block.functions) this.mutateFunction(declared, scope);
    for (const match of block.matches) this.mutateMatch(match, scope);
  }

  private mutateMatch(match: Match, outer: Scope): void {
    const name = printPattern(match.pattern);
    const wildcards = match.pattern.flatMap((part) =>
      part.kind === 'wildcard' ? [part.name] : [],
    );
    const variables = [...outer.variables, ...wildcards];
    const inner = { ...outer, name, variables, depth: outer.depth + match.pattern.length };
    this.mutatePattern(match, outer);
    for (const allow of match.allows) this.mutateAllow(allow, inner);
    if (match.allows.length > 0) this.addGrants(match, inner);
    this.mutateBlock(match, inner);
  }

  private mutatePattern(match: Match, outer: Scope): void {
    const { pattern } = match;
    const change = (changed: readonly PathPattern[]): void => {
      const description = `${printPattern(pattern)} → ${printPattern(changed)}`;
      this.addMutant(match.start, description, replaceNode(this.tree, pattern, changed));
    };
    pattern.forEach((part, index) => {
      const replace = (...parts: PathPattern[]): void =>
        change(pattern.toSpliced(index, 1, ...parts));
      const isFixed = outer.depth + index < FIXED_SEGMENTS;
      if (part.kind === 'literal') {
        replace({ kind: 'literal', text: `${part.text}x` });
        if (!isFixed) replace({ kind: 'wildcard', name: 'any', recursive: false });
        return;
      }
      replace({ ...part, recursive: !part.recursive });
      if (isFixed && outer.service === 'cloud.firestore')
        replace({ kind: 'literal', text: '(default)' });
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

  private mutateAllow(allow: Allow, outer: Scope): void {
    const { condition, methods, start } = allow;
    const methodNames = printMethods(methods);
    const scope = { ...outer, name: `${outer.name} allow ${methodNames}` };
    const replace = (at: number, description: string, changed: Allow | undefined): void =>
      this.addMutant(at, `${scope.name}: ${description}`, replaceNode(this.tree, allow, changed));
    replace(start, 'dropped', undefined);
    for (const method of methods.size > 1 ? methods : []) {
      const fewer = new Set([...methods].filter((other) => other !== method));
      replace(start, `${method} dropped`, { ...allow, methods: fewer });
    }
    for (const text of ['true', 'false']) {
      replace(condition?.start ?? start, `if ${text}`, {
        ...allow,
        condition: parseExpression(text),
      });
    }
    if (!condition) return;
    this.mutateExpression(condition, scope);
    for (const text of condition.kind === 'literal' ? [] : ADDED_CONDITIONS) {
      const right = parseExpression(text);
      const narrower: Expression = {
        ...condition,
        kind: 'binary',
        operator: '&&',
        left: condition,
        right,
      };
      replace(condition.start, `&& ${text} added`, { ...allow, condition: narrower });
    }
  }

  private addGrants(match: Match, scope: Scope): void {
    for (const method of METHODS) {
      for (const text of addedGrants(scope.service, method)) {
        const { start, end } = match;
        const condition = parseExpression(text);
        const added: Allow = { methods: new Set([method]), condition, start, end };
        this.addMutant(
          start,
          `${scope.name}: allow ${method}: if ${text} added`,
          replaceNode(this.tree, match.allows, [...match.allows, added]),
        );
      }
    }
  }

  private mutateFunction(declared: FunctionDeclaration, outer: Scope): void {
    const { result, parameters, lets } = declared;
    const variables = [...outer.variables, ...parameters, ...lets.map(({ name }) => name)];
    const scope = { ...outer, name: `${outer.name} ${declared.name}()`, variables };
    for (const { value } of lets) this.mutateExpression(value, scope);
    for (const text of ['true', 'false']) {
      this.addMutant(
        result.start,
        `${scope.name}: return ${text}`,
        replaceNode(this.tree, result, parseExpression(text)),
      );
    }
    this.mutateExpression(result, scope);
  }

  private mutateExpression(expression: Expression, { name, variables }: Scope): void {
    for (const { from, to } of expressionMutants(expression, variables)) {
      this.addMutant(
        from.start,
        `${name}: ${printExpression(from)} → ${printExpression(to)}`,
        replaceNode(this.tree, from, to),
      );
    }
  }

  /** Adds a mutant unless it has no effect, has the effect of an earlier mutant, or is invalid. */
  private addMutant(offset: number, description: string, changed: RulesFile): void {
    const effect = effectOf(changed);
    if (effect === this.originalEffect) this.withoutEffect++;
    if (effect === this.originalEffect || this.seen.has(effect)) return;
    this.seen.add(effect);
    // A match without a statement can't be loaded.
    const source = printRules(withoutEmptyMatches(changed));
    if (!isValid(source)) return;
    const { line, column } = this.source.position(offset);
    const count = (this.counts.get(description) ?? 0) + 1;
    this.counts.set(description, count);
    this.mutants.push({
      line,
      column,
      description: count > 1 ? `${description} (${count})` : description,
      source,
    });
  }
}

function effectOf(tree: RulesFile): string {
  return printRules(withoutUnreachable(tree));
}

function isValid(source: string): boolean {
  try {
    parse(new Source(source, 'mutant'));
    return true;
  } catch (error) {
    if (error instanceof RulesSyntaxError) return false;
    throw error;
  }
}
