/** Reads the repository's Markdown pages: code blocks, commands, links, headings. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const ROOT = join(__dirname, '..', '..');

/** Folders without pages of this project. */
const SKIPPED = new Set([
  ...['node_modules', '.git', '.local', 'lib', 'out', 'dist', 'function-kits'],
  ...['.next', '.nuxt', '.output'],
]);

/** Paths of all files, relative to the root, with `/`. */
export function listFiles(folder = ROOT): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : listFiles(path);
    return [relative(ROOT, path).replaceAll('\\', '/')];
  });
}

export interface Page {
  /** Relative to the root. */
  path: string;
  text: string;
}

export function readPages(): Page[] {
  return listFiles()
    .filter((path) => path.endsWith('.md'))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

export interface CodeBlock {
  /** The word behind the opening fence; empty when there is none. */
  language: string;
  /** What follows that word on the line of the fence. */
  info: string;
  code: string;
}

const FENCE = /^( *)```([\w-]*)((?:[^\w\n-][^\n]*)?)\n([^]*?)^\1```$/gm;

export function codeBlocksOf({ text }: Page): CodeBlock[] {
  return [...text.matchAll(FENCE)].map(([, , language = '', info = '', code = '']) => ({
    language,
    info: info.trim(),
    code,
  }));
}

/** The text without its code blocks and comments. */
function proseOf({ text }: Page): string {
  return text.replaceAll(FENCE, '').replaceAll(/<!--[^]*?-->/g, '');
}

/** What stands in backquotes outside code blocks, with the line around it. */
export function codeSpansOf(page: Page): { code: string; line: string }[] {
  return proseOf(page)
    .split('\n')
    .flatMap((line) =>
      [...line.matchAll(/(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)/g)].map(([, , code = '']) => ({
        code: code.trim(),
        line,
      })),
    );
}

/** Targets of links and images, in Markdown and in HTML. */
export function linksOf(page: Page): string[] {
  const prose = proseOf(page).replaceAll(/`[^`\n]*`/g, 'code');
  const markdown = [...prose.matchAll(/\]\(([^()\s]+(?:\([^()\s]*\))?)(?:\s[^)]*)?\)/g)];
  const html = [...prose.matchAll(/(?:href|src)="([^"]+)"/g)];
  return [...markdown, ...html].map(([, target = '']) => target);
}

/** The anchors that GitHub gives to a page's headings. */
export function anchorsOf(page: Page): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of proseOf(page).matchAll(/^#{1,6} +(\S.*)$/gm)) {
    const slug = heading
      .replaceAll(/\[([^[\]]*)\]\([^()]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  for (const [, id = ''] of page.text.matchAll(/<a id="([\w-]+)"><\/a>/g)) anchors.add(id);
  return anchors;
}

export interface Command {
  page: string;
  /** As it is written. */
  text: string;
  /** Whether the page says that it needs an account: above it in the block, or in its line. */
  needsAccount: boolean;
}

const PROGRAMS = /^(?:npm|npx|node|firebase|git|tar|mkdir|curl) \S/;
const ACCOUNT = /needs an account/i;

/** Every command line of a page: in `sh` blocks, and in code spans that begin with a program's name. */
export function commandsOf(page: Page): Command[] {
  const commands: Command[] = [];
  for (const { language, code } of codeBlocksOf(page)) {
    if (!['sh', 'bash', 'shell', 'console'].includes(language)) continue;
    // The texts of the extension are shown for an installation.
    let needsAccount = /^(?:PRE|POST)INSTALL\.md$/.test(page.path);
    for (const line of code.replaceAll('\\\n', '').split('\n')) {
      const text = line.trim();
      if (text.startsWith('#')) needsAccount = ACCOUNT.test(text);
      else if (text !== '') commands.push({ page: page.path, text, needsAccount });
    }
  }
  for (const { code, line } of codeSpansOf(page)) {
    if (!PROGRAMS.test(code)) continue;
    commands.push({ page: page.path, text: code, needsAccount: ACCOUNT.test(line) });
  }
  return commands;
}
