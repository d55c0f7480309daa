/** What the README says is what the files say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULTS } from '../functions/src/config/config.js';

const ROOT = join(__dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const readme = read('README.md');

/** Lines as they stand in the file, moved to the left edge as in a code block. */
function dedent(lines: string): string {
  const indent = /^ */.exec(lines)?.[0] ?? '';
  return lines.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}

test.each(['storage.rules', 'firestore.rules'])('its blocks to paste are those of %s', (file) => {
  const blocks = /^ {4}\/\/ (?:.|\n)*^ {4}}$/m.exec(read(file))?.[0] ?? '';
  expect(blocks.match(/^ {4}match /gm)).toHaveLength(2);
  expect(readme).toContain(`\`\`\`\n${dedent(blocks)}\n\`\`\``);
});

test('it has every parameter with its default', () => {
  for (const [name, value] of Object.entries(DEFAULTS)) {
    const shown = { BUCKET: 'the project’s default bucket', PUBLIC_BASE_URL: 'empty' }[name];
    const cell = shown?.replace('’', "'") ?? `\`${value}\``;
    expect(readme).toContain(`| \`${name}\` | ${cell} |`);
  }
});

test('every npm script that it names is there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...readme.matchAll(/npm (?:run (?:--silent )?)?([a-z:]+)/g)].map(
    ([, name]) => name,
  );
  const own = named.filter((name) => !['pack', 'are'].includes(name ?? ''));
  expect(own.length).toBeGreaterThan(5);
  for (const name of own) expect(scripts).toHaveProperty([name ?? '']);
});

test('the files that it leads to are there', () => {
  const targets = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(
    ([, target]) => target ?? '',
  );
  expect(targets.length).toBeGreaterThan(3);
  for (const target of targets) expect(() => read(target)).not.toThrow();
});
