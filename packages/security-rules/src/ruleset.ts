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
import { EvaluationError, LimitError } from './errors.js';
import { asBoolean, Environment, Evaluation } from './evaluator.js';
import { explain } from './explain.js';
import { allowsFor, coveringMatches, type Covering } from './matcher.js';
import { parse } from './parser.js';
import type { DocumentReader, SharedReads } from './reads.js';
import { Source } from './source.js';
import type { RulesValue } from './values.js';

/** What is asked of the rules. */
export interface RulesRequest {
  readonly service: ServiceName;
  readonly method: RulesMethod;
  /** Whole and split: ['b', BUCKET, 'o', …] or ['databases', '(default)', 'documents', …]. */
  readonly path: readonly string[];
  /** `request`: auth, time, resource, path, method, query. */
  readonly request: RulesValue;
  /** `resource`: a map, or null when there is nothing yet. */
  readonly resource: RulesValue;
  /** What get() and its kin see; without it reading is an error. */
  readonly documents?: DocumentReader;
  /** Given to each request of one batch or transaction, whose reads are counted together too. */
  readonly sharedReads?: SharedReads;
}

/** How one `allow` statement came out. */
export interface AllowTrace {
  readonly line: number;
  readonly column: number;
  readonly allowed: boolean;
  readonly why: string;
}

/** The answer, and for the developer how it came about. */
export interface Decision {
  readonly allowed: boolean;
  /** The statements tried, up to the first that allowed. */
  readonly tried: AllowTrace[];
  /** What debug() was called with. */
  readonly debugged: RulesValue[];
}

/** A rules file that was read and found to be covered. */
export interface Ruleset {
  readonly version: RulesVersion;
  readonly services: readonly ServiceName[];
  /** Decides a request. Rejects only when the DocumentReader does. */
  evaluate(request: RulesRequest): Promise<Decision>;
}

/** Reads a rules file; throws RulesSyntaxError for the first thing in it that is not covered. */
export function compileRules(source: string, file: string): Ruleset {
  const text = new Source(source, file);
  const parsed = parse(text);
  check(parsed, text);
  return {
    version: parsed.version,
    services: parsed.services.map(({ name }) => name),
    evaluate: (request) => decide(parsed, text, request),
  };
}

async function decide(file: RulesFile, source: Source, request: RulesRequest): Promise<Decision> {
  const { service: name, method } = request;
  const evaluation = new Evaluation(name, request.documents, request.sharedReads);
  const tried: AllowTrace[] = [];
  const { debugged } = evaluation;
  if (name === 'firebase.storage' && method === 'list' && file.version === '1') {
    const why = "Storage lists only with rules_version = '2'";
    return { allowed: false, tried: [{ line: 1, column: 1, allowed: false, why }], debugged };
  }
  const globals = new Map([
    ['request', request.request],
    ['resource', request.resource],
  ]);
  const outermost = new Environment(undefined, file.functions, globals);
  for (const service of file.services) {
    if (service.name !== name) continue;
    const around = new Environment(outermost, service.functions, new Map());
    for (const covering of coveringMatches(service, request.path, file.version)) {
      const match = covering.matches.at(-1);
      if (!match) continue;
      for (const allow of allowsFor(match, method)) {
        const known = functionsOf([file, service, ...covering.matches]);
        const trial = new Trial(evaluation, source, known);
        const trace = await trial.run(allow, environmentOf(covering, around));
        tried.push(trace);
        if (trace.allowed) return { allowed: true, tried, debugged };
        // Past a limit the request is denied, whatever other statements say.
        if (trial.limited) return { allowed: false, tried, debugged };
      }
    }
  }
  return { allowed: false, tried, debugged };
}

/** The blocks around a match as environments, so that each function sees its own wildcards. */
function environmentOf(covering: Covering, around: Environment): Environment {
  let environment = around;
  covering.matches.forEach((match: Match, level) => {
    environment = new Environment(
      environment,
      match.functions,
      covering.captures[level] ?? new Map(),
    );
  });
  return environment;
}

function functionsOf(
  blocks: readonly { readonly functions: readonly FunctionDeclaration[] }[],
): Map<string, FunctionDeclaration> {
  const declared = blocks.flatMap(({ functions }) => functions);
  return new Map(declared.map((each) => [each.name, each]));
}

/** One `allow` statement put to the test. */
class Trial {
  limited = false;

  constructor(
    private readonly evaluation: Evaluation,
    private readonly source: Source,
    private readonly functions: ReadonlyMap<string, FunctionDeclaration>,
  ) {}

  async run(allow: Allow, environment: Environment): Promise<AllowTrace> {
    const { line, column } = this.source.position(allow.start);
    const trace = (allowed: boolean, why: string): AllowTrace => ({ line, column, allowed, why });
    if (!allow.condition) return trace(true, 'there is no condition');
    this.evaluation.outcomes.clear();
    try {
      const value = await this.evaluation.value(allow.condition, environment);
      if (asBoolean(value)) return trace(true, 'the condition is true');
    } catch (error) {
      if (error instanceof LimitError) {
        this.limited = true;
        return trace(false, error.message);
      }
      if (!(error instanceof EvaluationError)) throw error;
    }
    return trace(false, this.why(allow.condition));
  }

  private why(condition: Expression): string {
    return explain(condition, this.evaluation.outcomes, this.functions, this.source);
  }
}
