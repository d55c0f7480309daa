/** Public tokens where none may be: in what functions, emulators and tests print. */
import { isToken } from '../../functions/src/tokens/token.js';

const LIKE_A_TOKEN = /spv_[0-9A-Za-z]+/g;

/**
 * The hosting emulator writes each request down, address and all, as any web server does; in
 * production that is Cloud Run's request log, and the README says how to leave it out.
 */
const REQUEST_LOG = /^(\[hosting\] Rewriting |i {2}hosting: \S+ - )/;

/** The lines of an output that hold a public token, with the tokens left out. */
export function leaksIn(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => !REQUEST_LOG.test(line) && (line.match(LIKE_A_TOKEN) ?? []).some(isToken))
    .map((line) => line.replaceAll(LIKE_A_TOKEN, '(a token)'));
}
