import type { RulesFile } from './ast.js';
import { parseGrammar } from './grammar.js';
import { LIMITS } from './limits.js';
import type { Source } from './source.js';
import { Syntax } from './syntax.js';

/**
 * Parses a rules file of at most 256 KB, in time proportional to its length.
 * @throws RulesSyntaxError at the first syntax that is not supported
 */
export function parse(source: Source): RulesFile {
  if (Buffer.byteLength(source.text) > LIMITS.sourceBytes) {
    throw source.error(0, `expected at most ${LIMITS.sourceBytes} bytes of rules, found more`);
  }
  const tokenAt = (offset: number): string => {
    const rest = new Syntax(source, tokenAt, offset);
    return parseGrammar(source.text.slice(offset), 'Token', rest) as string;
  };
  return parseGrammar(source.text, 'File', new Syntax(source, tokenAt)) as RulesFile;
}
