/** `storage-public-variants edge-key`: makes a key that the edge sends to `serve`. */
import { hashEdgeKey, mintEdgeKey } from '../../domain/edge-key.js';
import type { Terminal } from '../terminal.js';

export const USAGE = `storage-public-variants edge-key

Makes a key with which the edge proves to \`serve\` that a request comes from it. Prints the key, the secret EDGE_KEY of
the file worker, to stdout, and its hash for the parameter EDGE_KEY_HASHES to stderr.

Exit code: 0, or 2 if there are arguments.
`;

/** @returns the exit code */
export function edgeKey(argv: string[], { out, err }: Pick<Terminal, 'out' | 'err'>): number {
  if (argv.length === 1 && argv[0] === '--help') {
    out(USAGE);
    return 0;
  }
  if (argv.length > 0) {
    err(`expected no arguments, found ${JSON.stringify(argv.join(' '))}\n\n${USAGE}`);
    return 2;
  }
  const key = mintEdgeKey();
  out(`${key}\n`);
  err(`EDGE_KEY_HASHES=${hashEdgeKey(key)}\n`);
  return 0;
}
