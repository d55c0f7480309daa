/** Public tokens where none may be: in what functions, emulators and tests print. */

const LIKE_A_TOKEN = /spv_[0-9A-Za-z]+/g;

/**
 * The hosting emulator writes each request down, address and all, as any web server does; in
 * production that is Cloud Run's request log, and the README says how to leave it out.
 */
const REQUEST_LOG = /^(\[hosting\] Rewriting |i {2}hosting: \S+ - )/;

/**
 * The lines of an output that hold a public token, with the tokens left out.
 * @param isToken the product's own check
 */
export function leaksIn(output: string, isToken: (text: string) => boolean): string[] {
  return output
    .split('\n')
    .filter(
      (line) =>
        !REQUEST_LOG.test(line) && (line.match(LIKE_A_TOKEN) ?? []).some((text) => isToken(text)),
    )
    .map((line) => line.replaceAll(LIKE_A_TOKEN, '(a token)'));
}
