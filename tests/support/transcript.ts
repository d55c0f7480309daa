/** Requests and their answers as a text for people, which holds no token and no id. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './stack.js';

export class Transcript {
  readonly #lines: string[] = [];
  readonly #names = new Map<string, string>();

  /** From now on `text`, such as a token, is written as its name in braces. */
  mask(text: string, name: string): void {
    this.#names.set(text, `{${name}}`);
  }

  /** Adds a heading. */
  step(text: string): void {
    this.#lines.push(`\n# ${text}`);
  }

  /** Adds a request and what came back. */
  add(request: string, answer: string): void {
    this.#lines.push(request, `  ${answer}`);
  }

  toString(): string {
    const text = this.#lines.join('\n').trimStart();
    return [...this.#names].reduce((masked, [from, to]) => masked.replaceAll(from, to), text);
  }

  /** Writes `.local/transcripts/NAME.txt`. */
  save(name: string): void {
    const folder = join(ROOT, '.local', 'transcripts');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.txt`), `${this.toString()}\n`);
  }
}
