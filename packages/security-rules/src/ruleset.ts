import type {
  Allow,
  Expression,
  FunctionDeclaration,
  Match,
  RulesFile,
  RulesMethod,
  RulesVersion,
  ServiceName,
} from './ast.js';
import { check } from './check.js';
import { Coverage } from './coverage.js';
import { EvaluationError, LimitError, type Position, type RulesWarning } from './errors.js';
import { asBoolean, Environment, Evaluation } from './evaluator.js';
import { explain } from './explain.js';
import { allowsFor, matchPath, type PathMatch } from './matcher.js';
import { parse } from './parser.js';
import {
  possibilities,
  statementsOf,
  type PossibleRequest,
  type PossibleTrace,
  type Statement,
} from './possibilities.js';
import type { DocumentReader, SharedReads } from './reads.js';
import { Source } from './source.js';
import type { RulesValue } from './values.js';

/** A request for the rules to evaluate. */
export interface RulesRequest {
  readonly service: ServiceName;
  readonly method: RulesMethod;
  /** The full path as segments: ['b', BUCKET, 'o', …] or ['databases', '(default)', 'documents', …]. */
  readonly path: readonly string[];
  /** `request`: auth, time, resource, path, method, query. */
  readonly request: RulesValue;
  /** `resource`: a map, or null if the object or document does not exist; undefined: its use is an error. */
  readonly resource: RulesValue | undefined;
  /**
   * Of a query: what it may return, instead of `path`, `request` and `resource`. The rules must allow each of them; without
   * any the query is denied.
   */
  readonly alternatives?: readonly Pick<RulesRequest, 'path' | 'request' | 'resource'>[];
  /** Documents for get(), exists(), getAfter() and existsAfter(), which fail without it. */
  readonly documents?: DocumentReader;
  /** One instance for all requests of a batch or transaction; also counts their reads together. */
  readonly sharedReads?: SharedReads;
  /** Counts the results of all evaluated expressions; from `coverage()` of the same ruleset. */
  readonly coverage?: Coverage;
}

/** The result of one `allow` statement. */
export interface AllowTrace {
  readonly line: number;
  readonly column: number;
  readonly allowed: boolean;
  /** Which part of the condition decided, with its position. */
  readonly why: string;
  /** The position of the error, if evaluating the condition failed. */
  readonly errorAt?: Position;
}

/** The decision and how it was reached. */
export interface Decision {
  readonly allowed: boolean;
  /** The evaluated statements, up to the first that allows the request. */
  readonly tried: AllowTrace[];
  /** The arguments of debug() calls. */
  readonly debugged: RulesValue[];
}

/** A loaded rules file. */
export interface Ruleset {
  /** The name of the file, as given to compileRules. */
  readonly file: string;
  readonly version: RulesVersion;
  readonly services: readonly ServiceName[];
  /** What the file refers to and does not exist, in source order. It denies when it is reached. */
  readonly warnings: readonly RulesWarning[];
  /** Creates an empty count of the results of all expressions, see RulesRequest. */
  coverage(): Coverage;
  /** Evaluates a request. Rejects only if the DocumentReader rejects. */
  evaluate(request: RulesRequest): Promise<Decision>;
  /** All `allow` statements, in the order of the file. */
  readonly statements: readonly Statement[];
  /** Evaluates every statement that applies to the path and the method, each on its own. */
  possibilities(request: PossibleRequest): PossibleTrace[];
}

/**
 * Parses a rules file without checking names, for its structure. Offsets count from after a byte order mark.
 * @throws RulesSyntaxError for the first syntax error
 */
export function parseRules(source: string, file: string): RulesFile {
  return parse(new Source(source, file));
}

/**
 * Loads a rules file of at most 256 KB.
 * @param file the name of the file, for messages
 * @param options strict: what is otherwise a warning is an error, except names that are not used
 * @throws RulesSyntaxError for the first syntax error or construct that is not supported
 */
export function compileRules(
  source: string,
  file: string,
  options: { strict?: boolean } = {},
): Ruleset {
  const text = new Source(source, file);
  const parsed = parse(text);
  const warnings = check(parsed, text, options);
  const statements = statementsOf(parsed, text);
  return {
    file,
    version: parsed.version,
    services: parsed.services.map(({ name }) => name),
    statements: [...statements.values()],
    possibilities: (request) => possibilities(parsed, text, statements, request),
    warnings,
    coverage: () => new Coverage(parsed, text),
    evaluate: (request) => decideAll(parsed, text, request),
  };
}

/** The first decision that denies, or else the last one. */
async function decideAll(
  file: RulesFile,
  source: Source,
  { alternatives, ...request }: RulesRequest,
): Promise<Decision> {
  if (!alternatives) return decide(file, source, request);
  let decision: Decision = { allowed: false, tried: [], debugged: [] };
  for (const alternative of alternatives) {
    decision = await decide(file, source, { ...request, ...alternative });
    if (!decision.allowed) break;
  }
  return decision;
}

async function decide(file: RulesFile, source: Source, request: RulesRequest): Promise<Decision> {
  const { service: name, method } = request;
  const evaluation = new Evaluation(name, request.documents, request.sharedReads, request.coverage);
  const tried: AllowTrace[] = [];
  const { debugged } = evaluation;
  if (name === 'firebase.storage' && method === 'list' && file.version === '1') {
    const why = "listing in Storage requires rules_version = '2'";
    return { allowed: false, tried: [{ line: 1, column: 1, allowed: false, why }], debugged };
  }
  const globals = new Map([
    ['request', request.request],
    ['resource', request.resource],
  ]);
  const outermost = new Environment(undefined, file.functions, globals);
  for (const service of file.services) {
    if (service.name !== name) continue;
    const serviceScope = new Environment(outermost, service.functions, new Map());
    for (const pathMatch of matchPath(service, request.path, file.version)) {
      const match = pathMatch.matches.at(-1);
      if (!match) continue;
      for (const allow of allowsFor(match, method)) {
        const functions = functionsOf([file, service, ...pathMatch.matches]);
        const statement = new AllowStatement(evaluation, source, functions);
        const trace = await statement.evaluate(allow, environmentOf(pathMatch, serviceScope));
        tried.push(trace);
        if (trace.allowed) return { allowed: true, tried, debugged };
        // A request that exceeds a limit is denied, whatever other statements are.
        if (statement.exceededLimit) return { allowed: false, tried, debugged };
      }
    }
  }
  return { allowed: false, tried, debugged };
}

/** Nests one environment for each block, so that each function sees the wildcards of its block. */
function environmentOf(pathMatch: PathMatch, outer: Environment): Environment {
  let environment = outer;
  pathMatch.matches.forEach((match: Match, level) => {
    environment = new Environment(
      environment,
      match.functions,
      pathMatch.captures[level] ?? new Map(),
    );
  });
  return environment;
}

function functionsOf(
  blocks: readonly { readonly functions: readonly FunctionDeclaration[] }[],
): Map<string, FunctionDeclaration> {
  const declared = blocks.flatMap(({ functions }) => functions);
  return new Map(declared.map((declaration) => [declaration.name, declaration]));
}

/** Evaluates one `allow` statement. */
class AllowStatement {
  exceededLimit = false;

  constructor(
    private readonly evaluation: Evaluation,
    private readonly source: Source,
    private readonly functions: ReadonlyMap<string, FunctionDeclaration>,
  ) {}

  async evaluate(allow: Allow, environment: Environment): Promise<AllowTrace> {
    const { line, column } = this.source.position(allow.start);
    const trace = (allowed: boolean, why: string, errorAt?: Position): AllowTrace => ({
      line,
      column,
      allowed,
      why,
      ...(errorAt && { errorAt }),
    });
    if (!allow.condition) return trace(true, 'there is no condition');
    this.evaluation.outcomes.clear();
    try {
      const value = await this.evaluation.value(allow.condition, environment);
      if (asBoolean(value)) return trace(true, 'the condition is true');
    } catch (error) {
      if (error instanceof LimitError) {
        this.exceededLimit = true;
        return trace(false, error.message, { line, column });
      }
      if (!(error instanceof EvaluationError)) throw error;
      const offset = error.offset ?? allow.condition.start;
      return trace(false, this.why(allow.condition), this.source.position(offset));
    }
    return trace(false, this.why(allow.condition));
  }

  private why(condition: Expression): string {
    return explain(condition, this.evaluation.outcomes, this.functions, this.source);
  }
}
