import type {
  Allow,
  FunctionDeclaration,
  Let,
  Match,
  PathPattern,
  RulesFile,
  RulesMethod,
  RulesVersion,
  Service,
  ServiceName,
} from './ast.js';
import { ExpressionParser } from './expression-parser.js';
import { LIMITS } from './limits.js';
import type { Source } from './source.js';

const METHODS: ReadonlyMap<string, readonly RulesMethod[]> = new Map<string, RulesMethod[]>([
  ['read', ['get', 'list']],
  ['write', ['create', 'update', 'delete']],
  ['get', ['get']],
  ['list', ['list']],
  ['create', ['create']],
  ['update', ['update']],
  ['delete', ['delete']],
]);

/**
 * Parses a rules file.
 * @throws RulesSyntaxError at the first syntax that is not supported
 */
export function parse(source: Source): RulesFile {
  if (Buffer.byteLength(source.text) > LIMITS.sourceBytes) {
    throw source.error(0, `expected at most ${LIMITS.sourceBytes} bytes of rules, found more`);
  }
  return new Parser(source).file();
}

class Parser extends ExpressionParser {
  private version: RulesVersion = '1';

  file(): RulesFile {
    if (this.isNext('rules_version')) this.version = this.rulesVersion();
    const functions: FunctionDeclaration[] = [];
    const services: Service[] = [];
    while (this.token.kind !== 'end') {
      if (this.isNext('function')) functions.push(this.function());
      else if (this.isNext('service')) services.push(this.service());
      else throw this.unexpected("'service' or 'function'");
    }
    if (services.length === 0) throw this.unexpected("'service'");
    return { version: this.version, functions, services };
  }

  private rulesVersion(): RulesVersion {
    this.advance();
    this.expect('=', " after 'rules_version'");
    const value = this.token.kind === 'literal' ? this.token.value : undefined;
    if (value?.type !== 'string' || (value.value !== '1' && value.value !== '2')) {
      throw this.unexpected("the version '1' or '2'");
    }
    this.advance();
    this.accept(';');
    return value.value;
  }

  private service(): Service {
    const { start } = this.advance();
    const first = this.token;
    const words = [this.name('cloud.firestore or firebase.storage').text];
    if (this.accept('.')) words.push(this.name('cloud.firestore or firebase.storage').text);
    const name = words.join('.');
    if (!isService(name)) {
      throw this.source.error(
        first.start,
        `expected the service cloud.firestore or firebase.storage, found ${name}`,
      );
    }
    this.expect('{', ' after the name of the service');
    const functions: FunctionDeclaration[] = [];
    const matches: Match[] = [];
    while (!this.isNext('}')) {
      if (this.isNext('function')) functions.push(this.function());
      else if (this.isNext('match')) matches.push(this.match());
      else throw this.unexpected("'match', 'function' or '}'");
    }
    const { end } = this.advance();
    return { name, functions, matches, start, end };
  }

  private match(): Match {
    return this.nested(() => {
      const { start } = this.advance();
      const pattern = this.pattern();
      this.expect('{', ' after the path of the match');
      const functions: FunctionDeclaration[] = [];
      const matches: Match[] = [];
      const allows: Allow[] = [];
      while (!this.isNext('}')) {
        if (this.isNext('allow')) allows.push(this.allow());
        else if (this.isNext('match')) matches.push(this.match());
        else if (this.isNext('function')) functions.push(this.function());
        else throw this.unexpected("'allow', 'match', 'function' or '}'");
      }
      const { end } = this.advance();
      return { pattern, functions, matches, allows, start, end };
    });
  }

  private pattern(): PathPattern[] {
    if (!this.isNext('/')) throw this.unexpected("a path that starts with '/' after 'match'");
    const patterns: PathPattern[] = [];
    const names = new Set<string>();
    let recursive = false;
    let at = this.token.start;
    do {
      const start = at + 1;
      const { pattern, end } = this.lexer.pathPattern(start);
      if (pattern.kind === 'wildcard') {
        if (names.has(pattern.name)) {
          throw this.source.error(start, `expected a new name, found {${pattern.name}} again`);
        }
        names.add(pattern.name);
        if (pattern.recursive && recursive) {
          throw this.source.error(
            start,
            'expected at most one {name=**} in a match, found another',
          );
        }
        recursive ||= pattern.recursive;
      }
      patterns.push(pattern);
      at = end;
      const last = patterns.at(-1);
      if (
        this.version === '1' &&
        this.lexer.pathContinues(at) &&
        last?.kind === 'wildcard' &&
        last.recursive
      ) {
        throw this.source.error(
          at,
          "expected {name=**} last in its path (rules_version = '2' allows it anywhere), found '/'",
        );
      }
    } while (this.lexer.pathContinues(at));
    this.lexer.moveTo(at);
    this.advance();
    return patterns;
  }

  private allow(): Allow {
    const { start, end } = this.advance();
    const methods = new Set<RulesMethod>();
    do {
      const listed = this.token.kind === 'word' ? METHODS.get(this.token.text) : undefined;
      if (!listed)
        throw this.unexpected(`a method after 'allow' (${[...METHODS.keys()].join(', ')})`);
      for (const method of listed) methods.add(method);
      this.advance();
    } while (this.accept(','));
    if (!this.accept(':')) {
      this.endOfStatement("':' or ';' after the methods");
      return { methods, start, end };
    }
    this.expect('if', " after ':'");
    const condition = this.expression();
    this.endOfStatement("an operator or ';' after the condition");
    return { methods, condition, start, end: condition.end };
  }

  /** The semicolon is optional before `}` and before the next statement. */
  private endOfStatement(expected: string): void {
    if (this.accept(';')) return;
    const follows = ['}', 'allow', 'match', 'function'].some((word) => this.isNext(word));
    if (!follows) throw this.unexpected(expected);
  }

  private function(): FunctionDeclaration {
    const { start } = this.advance();
    const { text: name, start: nameStart } = this.name("a name after 'function'");
    this.expect('(', ' after the name of the function');
    const parameters: string[] = [];
    const parameterStarts: number[] = [];
    if (!this.isNext(')')) {
      do {
        if (parameters.length === LIMITS.parametersPerFunction) {
          throw this.unexpected(`at most ${LIMITS.parametersPerFunction} parameters`);
        }
        if (parameters.includes(this.token.text)) throw this.unexpected('a unique parameter');
        const parameter = this.name('a parameter');
        parameters.push(parameter.text);
        parameterStarts.push(parameter.start);
      } while (this.accept(','));
    }
    this.expect(')', ' after the parameters');
    this.expect('{', ' and the body of the function');
    const lets: Let[] = [];
    const names = new Set(parameters);
    while (this.isNext('let')) lets.push(this.let(names));
    this.expect('return', " or 'let' in the function");
    const result = this.expression();
    if (!this.accept(';') && !this.isNext('}')) throw this.unexpected("an operator or ';'");
    const { end } = this.expect('}', ' after the return value');
    return { name, nameStart, parameters, parameterStarts, lets, result, start, end };
  }

  /** @param names the names of the parameters and of the `let` before; the new one is added */
  private let(names: Set<string>): Let {
    const { start } = this.token;
    if (this.version === '1') {
      throw this.source.error(start, "expected 'return' ('let' is for rules_version = '2')");
    }
    this.advance();
    if (names.has(this.token.text)) throw this.unexpected("a new name after 'let'");
    const { text: name, start: nameStart } = this.name("a name after 'let'");
    names.add(name);
    this.expect('=', " after the name of 'let'");
    const value = this.expression();
    const { end } = this.expect(';', " after the value of 'let'");
    return { name, nameStart, value, start, end };
  }
}

function isService(name: string): name is ServiceName {
  return name === 'cloud.firestore' || name === 'firebase.storage';
}
