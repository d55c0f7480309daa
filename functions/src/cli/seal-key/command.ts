/** `storage-public-variants seal-key`: makes and rotates the keys of sealed links. */
import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { deriveKeyPair } from '../../domain/hpke.js';
import { KEY_BYTES, toBase64Url } from '../../domain/seal-codec.js';
import { formatSealingKeys, parseSealingKeys, type SealingKey } from '../../domain/sealing-keys.js';
import type { Terminal } from '../terminal.js';

export const USAGE = `storage-public-variants seal-key [--add | --first KID | --drop KID]

Makes a key of sealed links. Prints the value of the secret SEALING_KEYS to stdout, and the public keys to stderr.
The options read the current value from stdin and print the new one:

--add        adds a new key at the end: it opens links, but does not seal them yet
--first KID  moves a key to the front: from now on, links are sealed with it
--drop KID   removes a key: its links end

Exit code: 0, or 2 if the value on stdin or an option is not valid.
`;

/** @param readInput reads stdin @returns the exit code */
export async function sealKey(
  argv: string[],
  { out, err }: Pick<Terminal, 'out' | 'err'>,
  readInput: () => Promise<string> = () => text(process.stdin),
): Promise<number> {
  try {
    const options = parseOptions(argv);
    if (options.help) {
      out(USAGE);
      return 0;
    }
    const keys = await change(options, readInput);
    out(`${formatSealingKeys(keys)}\n`);
    err(keys.map((key, index) => describe(key, index === 0)).join(''));
    return 0;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    err(`${error.message}\n`);
    return 2;
  }
}

class InputError extends Error {}

/** @throws InputError */
function parseOptions(argv: string[]) {
  let values;
  try {
    ({ values } = parseArgs({
      args: argv,
      options: {
        help: { type: 'boolean', default: false },
        add: { type: 'boolean', default: false },
        first: { type: 'string' },
        drop: { type: 'string' },
      },
    }));
  } catch (error) {
    throw new InputError(`${(error as Error).message}\n\n${USAGE.trimEnd()}`);
  }
  const { help, add, first, drop } = values;
  if (Number(add) + Number(first !== undefined) + Number(drop !== undefined) > 1) {
    throw new InputError(
      `expected one of --add, --first and --drop, found several\n\n${USAGE.trimEnd()}`,
    );
  }
  return { help, add, first, drop };
}

/** @throws InputError */
async function change(
  { add, first, drop }: ReturnType<typeof parseOptions>,
  readInput: () => Promise<string>,
): Promise<SealingKey[]> {
  if (!add && first === undefined && drop === undefined) return [newKey([])];
  const keys = parseSealingKeys(await readInput());
  if ('expected' in keys)
    throw new InputError(`stdin: expected ${keys.expected}, found ${keys.found}`);
  if (keys.length === 0)
    throw new InputError('stdin: expected the value of SEALING_KEYS, found nothing');
  if (add) return [...keys, newKey(keys)];
  const name = first === undefined ? '--drop' : '--first';
  const kid = first ?? drop;
  const named = keys.find((key) => String(key.kid) === kid);
  if (named === undefined) {
    const known = keys.map((key) => key.kid).join(', ');
    throw new InputError(`${name}: expected one of the key ids ${known}, found "${kid}"`);
  }
  const others = keys.filter((key) => key !== named);
  return first === undefined ? others : [named, ...others];
}

/** A new key with an id that none of the others has. */
function newKey(others: readonly SealingKey[]): SealingKey {
  let kid = Math.max(0, ...others.map((key) => key.kid));
  // The id of a key that was dropped before is used again as late as possible.
  do kid = (kid + 1) % 256;
  while (others.some((key) => key.kid === kid));
  return { kid, seed: randomBytes(KEY_BYTES) };
}

function describe({ kid, seed }: SealingKey, isFirst: boolean): string {
  const use = isFirst ? 'seals and opens' : 'opens';
  return `key ${kid} ${use}; public key ${toBase64Url(deriveKeyPair(seed).publicKey)}\n`;
}
