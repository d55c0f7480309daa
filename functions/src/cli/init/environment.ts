/** The parameters of an instance, `.env.PROJECT` in its configuration folder. */
import { parseEnv } from 'node:util';
import { parameterBlock } from '../../config/env-file.js';
import { PARAMETER_NAMES, PARAMETERS, type ParameterName } from '../../config/parameter-table.js';
import { lineEndOf, splitByteOrderMark } from './changes.js';

export type Parameters = Partial<Record<ParameterName, string>>;

/** The parameters that a dotenv file sets. */
export function readParameters(text: string): Parameters {
  const values = parseEnv(splitByteOrderMark(text).body.replaceAll('\r\n', '\n'));
  return Object.fromEntries(
    PARAMETER_NAMES.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
  );
}

/**
 * Adds every parameter that is not set yet, so that `firebase deploy` asks for none: without a terminal, the CLI
 * applies no defaults.
 * @param text the current file; undefined if there is none
 * @param values of the added parameters; the others have what a new installation sets, or, in a file that exists, their
 *   defaults: an installation that has never set them keeps what it had
 * @param inherited parameters that another file of the folder sets for every project
 */
export function completeEnvironment(
  text: string | undefined,
  values: Parameters,
  inherited: Parameters,
): string {
  const present = { ...inherited, ...(text === undefined ? {} : readParameters(text)) };
  const missing = PARAMETER_NAMES.filter((name) => present[name] === undefined);
  const isNew = text === undefined;
  const blocks = missing.map((name) => {
    const { initial, default: preset } = PARAMETERS[name];
    const kept = isNew || initial === undefined ? undefined : preset;
    return parameterBlock(name, values[name] ?? kept);
  });
  if (text === undefined) return `${HEADER}\n${blocks.join('\n')}`;
  if (blocks.length === 0) return text;
  const lineEnd = lineEndOf(text);
  const added = blocks.join('\n').replaceAll('\n', lineEnd);
  const separator = text === '' || text.endsWith('\n') ? lineEnd : lineEnd + lineEnd;
  return `${text}${text === '' ? '' : separator}${added}`;
}

const HEADER = `# Parameters of this instance of storage-public-variants. After a change, deploy the functions again.
# The security rules must use the same paths and collections.
`;
