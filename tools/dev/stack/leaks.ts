/** Finds public and sealed tokens in the output of functions, emulators and tests, where none may appear. */

/** A public token, or a sealed one. */
const TOKEN_PATTERN = /spv_[0-9A-Za-z]+|sps_[\w-]{104,}/g;

/**
 * The Hosting emulator logs the URL of each request, as a web server does. In production this is
 * Cloud Run's request log; the documentation describes how to exclude these entries.
 */
const REQUEST_LOG = /^(\[hosting\] Rewriting |i {2}hosting: \S+ - )/;

/**
 * Returns the lines that contain a public token, with the tokens replaced.
 * @param isToken the check of the functions package
 */
export function findTokenLeaks(output: string, isToken: (text: string) => boolean): string[] {
  return output
    .split('\n')
    .filter(
      (line) =>
        !REQUEST_LOG.test(line) &&
        (line.match(TOKEN_PATTERN) ?? []).some((text) => text.startsWith('sps_') || isToken(text)),
    )
    .map((line) => line.replaceAll(TOKEN_PATTERN, '(a token)'));
}
