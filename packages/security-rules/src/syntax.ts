/** Builds the syntax tree for `grammar.peggy`. */
import type {
  Allow,
  Expression,
  FunctionDeclaration,
  Let,
  Match,
  PathPattern,
  RulesFile,
  RulesMethod,
  RulesVersion,
  Service,
  ServiceName,
  Span,
} from './ast.js';
import { LIMITS } from './limits.js';
import { ExpressionSyntax, TYPES, type Name } from './syntax-expressions.js';
import type { RulesValue } from './values.js';

const METHODS: ReadonlyMap<string, readonly RulesMethod[]> = new Map<string, RulesMethod[]>([
  ['read', ['get', 'list']],
  ['write', ['create', 'update', 'delete']],
  ['get', ['get']],
  ['list', ['list']],
  ['create', ['create']],
  ['update', ['update']],
  ['delete', ['delete']],
]);

/** What is expected, for sentences that are too long for the grammar or contain one brace. */
const SENTENCES = {
  method: `a method after 'allow' (${[...METHODS.keys()].join(', ')})`,
  type: `a type after 'is' (one of ${[...TYPES].join(', ')})`,
  serviceBody: "'{' after the name of the service",
  servicePart: "'match', 'function' or '}'",
  matchBody: "'{' after the path of the match",
  matchPart: "'allow', 'match', 'function' or '}'",
  functionBody: "'{' and the body of the function",
  functionEnd: "'}' after the return value",
  mapEnd: "'}' or ',' in this map",
} as const;

interface Segment extends Span {
  readonly pattern: PathPattern;
}

type Part = FunctionDeclaration | Service | Match | Allow;

/** The actions of the grammar. */
export class Syntax extends ExpressionSyntax {
  readonly sentences = SENTENCES;
  private version: RulesVersion = '1';

  isMethod(word: string): boolean {
    return METHODS.has(word);
  }

  /** @returns whether the value is a version */
  setVersion(value: RulesValue): boolean {
    if (value.type !== 'string' || (value.value !== '1' && value.value !== '2')) return false;
    this.version = value.value;
    return true;
  }

  hasService(parts: readonly (FunctionDeclaration | Service)[]): boolean {
    return parts.some(isService);
  }

  file(parts: readonly (FunctionDeclaration | Service)[]): RulesFile {
    const services = parts.filter(isService);
    return { version: this.version, functions: parts.filter(isFunction), services };
  }

  serviceName(first: Name, second: Name | null): ServiceName {
    const name = second ? `${first.text}.${second.text}` : first.text;
    if (name === 'cloud.firestore' || name === 'firebase.storage') return name;
    return this.error(
      first.start,
      `the service cloud.firestore or firebase.storage, found ${name}`,
    );
  }

  service(name: ServiceName, parts: readonly Part[], { start, end }: Span): Service {
    return {
      name,
      functions: parts.filter(isFunction),
      matches: parts.filter(isMatch),
      start,
      end,
    };
  }

  match(pattern: readonly PathPattern[], parts: readonly Part[], { start, end }: Span): Match {
    const functions = parts.filter(isFunction);
    const [matches, allows] = [parts.filter(isMatch), parts.filter(isAllow)];
    return this.leave({ pattern, functions, matches, allows, start, end });
  }

  wildcard(name: string, recursive: boolean, { start, end }: Span): Segment {
    return { pattern: { kind: 'wildcard', name, recursive }, start, end };
  }

  literalSegment(text: string, { start, end }: Span): Segment {
    return { pattern: { kind: 'literal', text }, start, end };
  }

  /** Checks the wildcards of a path. */
  pattern(segments: readonly Segment[]): PathPattern[] {
    const names = new Set<string>();
    let isRecursive = false;
    for (const [index, { pattern, start, end }] of segments.entries()) {
      if (pattern.kind === 'literal') continue;
      if (names.has(pattern.name)) this.error(start, `a new name, found {${pattern.name}} again`);
      names.add(pattern.name);
      if (!pattern.recursive) continue;
      if (isRecursive) this.error(start, 'at most one {name=**} in a match, found another');
      isRecursive = true;
      if (this.version === '1' && index < segments.length - 1) {
        const rule = "(rules_version = '2' allows it anywhere)";
        this.error(end, `{name=**} last in its path ${rule}, found '/'`);
      }
    }
    return segments.map(({ pattern }) => pattern);
  }

  allow(listed: readonly string[], condition: Expression | null, start: number): Allow {
    const methods = new Set(listed.flatMap((name) => METHODS.get(name) ?? []));
    if (condition) return { methods, condition, start, end: condition.end };
    return { methods, start, end: start + 'allow'.length };
  }

  parameters(names: readonly Name[]): readonly Name[] {
    const seen = new Set<string>();
    for (const [index, { text, start }] of names.entries()) {
      const max = LIMITS.parametersPerFunction;
      if (index === max) this.fail(start, `at most ${max} parameters`);
      if (seen.has(text)) this.fail(start, 'a unique parameter');
      seen.add(text);
    }
    return names;
  }

  allowsLet(offset: number): boolean {
    if (this.version === '2') return true;
    return this.error(offset, "'return' ('let' is for rules_version = '2')");
  }

  let({ text, start: nameStart }: Name, value: Expression, { start, end }: Span): Let {
    return { name: text, nameStart, value, start, end };
  }

  function(
    name: Name,
    parameters: readonly Name[],
    lets: readonly Let[],
    result: Expression,
    { start, end }: Span,
  ): FunctionDeclaration {
    const names = new Set(parameters.map(({ text }) => text));
    for (const { name: letName, nameStart } of lets) {
      if (names.has(letName)) this.fail(nameStart, "a new name after 'let'");
      names.add(letName);
    }
    return {
      name: name.text,
      nameStart: name.start,
      parameters: parameters.map(({ text }) => text),
      parameterStarts: parameters.map((parameter) => parameter.start),
      lets,
      result,
      start,
      end,
    };
  }
}

function isFunction(part: Part): part is FunctionDeclaration {
  return 'result' in part;
}

function isMatch(part: Part): part is Match {
  return 'pattern' in part;
}

function isAllow(part: Part): part is Allow {
  return 'methods' in part;
}

function isService(part: Part): part is Service {
  return 'matches' in part && !isMatch(part);
}
