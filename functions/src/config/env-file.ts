/** Parameters as lines of a dotenv file, which the Firebase CLI reads from an instance's configuration folder. */
import { PARAMETERS, type ParameterName } from './parameter-table.js';

/** Characters that the CLI reads as they are. Others are quoted: `#` would begin a comment. */
const PLAIN = /^[\w.,:;@{}/+*~=-]*$/;

/** Maximum width of a comment, characters. */
const WIDTH = 96;

/**
 * A parameter with a comment that explains it; ends with a line feed.
 * @param value default: what a new installation sets; a bucket has no default, so its line is commented out
 */
export function parameterBlock(name: ParameterName, value?: string): string {
  const { label, description, resource, example, defaultText } = PARAMETERS[name];
  const preset = PARAMETERS[name].initial ?? PARAMETERS[name].default;
  const comment = wrap(`${label}. ${plain(description)}`).map((line) => `# ${line}\n`);
  // An empty bucket would deploy triggers without one.
  if (value === undefined && resource !== undefined) {
    comment.push(`# Default: ${defaultText}.\n`, `# ${name}=${example}\n`);
    return comment.join('');
  }
  return `${comment.join('')}${name}=${quote(value ?? preset)}\n`;
}

/** See `formatUserEnvForWrite` in firebase-tools, src/functions/env.ts. */
function quote(value: string): string {
  return PLAIN.test(value) ? value : `"${value.replaceAll(/[\\"]/g, String.raw`\$&`)}"`;
}

/** Markdown -> plain text. */
function plain(markdown: string): string {
  return markdown.replaceAll('`', '');
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
