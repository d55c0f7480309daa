/** `grammar.ts` is generated from `grammar.peggy`; with WRITE_DOCS this test writes it (`npm run docs`). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'peggy';

const HEADER = `// Generated from grammar.peggy by \`npm run docs\`: do not edit.
// @ts-nocheck The generated code has no types; the declaration of parseGrammar is all that is used of it.
import type { Syntax } from './syntax.js';
`;

const DECLARATION = `
/**
 * Parses a whole text.
 * @param startRule File: a rules file; Token: what the text begins with, in the form of a message
 * @throws RulesSyntaxError at the first error
 */
export function parseGrammar(text: string, startRule: 'File' | 'Token', syntax: Syntax): unknown {
  return peg$parse(text, { startRule, syntax });
}
`;

test('grammar.ts is up to date (npm run docs)', () => {
  const generated = generate(readFileSync(join(__dirname, 'grammar.peggy'), 'utf8'), {
    allowedStartRules: ['File', 'Token'],
    format: 'es',
    output: 'source',
  });
  const module = generated.replace(/^export \{[^}]*\};\n/m, '');
  const text = `${HEADER}${module.trim()}\n${DECLARATION}`;
  const file = join(__dirname, 'grammar.ts');
  if (process.env['WRITE_DOCS']) writeFileSync(file, text);
  expect(readFileSync(file, 'utf8')).toBe(text);
});
