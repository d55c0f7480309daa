/** Evaluates every statement of a file for a request of which some values are not known. */
import type {
  Allow,
  Match,
  PathPattern,
  RulesFile,
  RulesMethod,
  Service,
  ServiceName,
} from './ast.js';
import { EvaluationError, LimitError } from './errors.js';
import { allowsFor, matchPath, type Captures, type PathMatch } from './matcher.js';
import { Scope } from './possible-scope.js';
import { pathOf, PossibleEvaluation } from './possible.js';
import type { Source } from './source.js';
import { isKnown, Unknown, type Possible } from './unknown.js';
import { string, timestamp, type RulesValue } from './values.js';

/** One `allow` statement and the whole path of the blocks that it is in. */
export interface Statement {
  /** Position of `allow`, from 1. */
  readonly line: number;
  readonly column: number;
  readonly service: ServiceName;
  readonly methods: ReadonlySet<RulesMethod>;
  /** The patterns of all blocks, from the outermost to the innermost. */
  readonly pattern: readonly PathPattern[];
  /** The number of patterns in `pattern` that are of the innermost block. */
  readonly ownPatterns: number;
  /** The condition on one line, at most 80 characters; absent if there is none. */
  readonly condition?: string;
}

/** A request of which some values are not known. */
export interface PossibleRequest {
  readonly service: ServiceName;
  readonly method: RulesMethod;
  /** As in RulesRequest. */
  readonly path: readonly string[];
  readonly request: Possible;
  readonly resource: Possible;
  /** Segments of the path that stand for an unknown value. */
  readonly unknownSegments: ReadonlyMap<string, Unknown>;
  /** The requests are sent at this time or later. */
  readonly now: Date;
}

/**
 * What a statement decides: `never` or `always` allows; `chosen` allows if the client chooses values that fit;
 * `depends` may allow, which values that the client can't choose decide.
 */
export type Possibility = 'never' | 'always' | 'chosen' | 'depends';

/** What one statement decides about a request of which some values are not known. */
export interface PossibleTrace {
  readonly statement: Statement;
  readonly possibility: Possibility;
  /** The expression that the decision depends on, for `depends` and `chosen`. */
  readonly on?: string;
}

/** Describes all statements of a file, in source order. */
export function statementsOf(file: RulesFile, source: Source): Map<Allow, Statement> {
  const statements = new Map<Allow, Statement>();
  const add = (service: Service, match: Match, outer: readonly PathPattern[]): void => {
    const pattern = [...outer, ...match.pattern];
    for (const allow of match.allows) {
      const { condition, methods } = allow;
      statements.set(allow, {
        ...source.position(allow.start),
        service: service.name,
        methods,
        pattern,
        ownPatterns: match.pattern.length,
        ...(condition && { condition: source.excerpt(condition.start, condition.end) }),
      });
    }
    for (const inner of match.matches) add(service, inner, pattern);
  };
  for (const service of file.services) {
    for (const match of service.matches) add(service, match, []);
  }
  return new Map([...statements].sort(([a], [b]) => a.start - b.start));
}

/** See `Ruleset.possibilities`. */
export function possibilities(
  file: RulesFile,
  source: Source,
  statements: ReadonlyMap<Allow, Statement>,
  request: PossibleRequest,
): PossibleTrace[] {
  const { service: name, method } = request;
  if (name === 'firebase.storage' && method === 'list' && file.version === '1') return [];
  const globals = new Map([
    ['request', () => request.request],
    ['resource', () => request.resource],
  ]);
  const outermost = new Scope(undefined, file.functions, globals);
  const traces: PossibleTrace[] = [];
  for (const service of file.services) {
    if (service.name !== name) continue;
    const serviceScope = new Scope(outermost, service.functions, new Map());
    for (const pathMatch of matchPath(service, request.path, file.version)) {
      const match = pathMatch.matches.at(-1);
      if (!match) continue;
      const scope = scopeOf(pathMatch, serviceScope, request);
      for (const allow of allowsFor(match, method)) {
        const statement = statements.get(allow);
        if (statement) traces.push({ statement, ...decide(allow, scope, request, source) });
      }
    }
  }
  return traces;
}

function scopeOf({ matches, captures }: PathMatch, outer: Scope, request: PossibleRequest): Scope {
  return matches.reduce((scope, { functions }, level) => {
    const captured: Captures = captures[level] ?? new Map<string, undefined>();
    const variables = [...captured].map(
      ([name, value]) => [name, () => captureOf(name, value, request)] as const,
    );
    return new Scope(scope, functions, new Map(variables));
  }, outer);
}

function captureOf(
  name: string,
  value: RulesValue | undefined,
  { unknownSegments }: PossibleRequest,
): Possible {
  if (value?.type === 'string') return unknownSegments.get(value.value) ?? value;
  if (value?.type === 'path') {
    return pathOf(value.segments.map((text) => unknownSegments.get(text) ?? string(text)));
  }
  throw new EvaluationError(`'${name}' is unknown in a query`);
}

function decide(
  { condition }: Allow,
  scope: Scope,
  { now, service }: PossibleRequest,
  source: Source,
): { possibility: Possibility; on?: string } {
  if (!condition) return { possibility: 'always' };
  try {
    const value = new PossibleEvaluation(timestamp(now).nanos, service).value(condition, scope);
    if (isKnown(value)) {
      return { possibility: value.type === 'bool' && value.value ? 'always' : 'never' };
    }
    if (!(value instanceof Unknown)) return { possibility: 'never' };
    const { type, at = condition } = value.known;
    if (type !== undefined && type !== 'bool') return { possibility: 'never' };
    const possibility = value.origin === 'client' ? 'chosen' : 'depends';
    return { possibility, on: source.excerpt(at.start, at.end) };
  } catch (error) {
    // What is too long to analyze may allow the request.
    const on = source.excerpt(condition.start, condition.end);
    if (error instanceof LimitError) return { possibility: 'depends', on };
    if (error instanceof EvaluationError) return { possibility: 'never' };
    throw error;
  }
}
