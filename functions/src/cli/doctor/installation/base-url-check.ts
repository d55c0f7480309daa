/** Checks that PUBLIC_BASE_URL, and `serve` behind it, answer as `serve` does. */
import { REQUEST_FAILURES } from '../../../errors.js';
import { reporter, type Finding } from './finding.js';
import { serveUrl, type Installation } from './installation.js';
import type { AnonymousResponse, Answer } from './rest.js';

const { ok, warning, fault } = reporter('base URL');

/** The response to a well-formed token that was never issued; see `refuse` in serve/respond.ts. */
const NOT_FOUND = REQUEST_FAILURES['not-found'];

export interface BaseUrlAnswers {
  /** The response of the function's own URL. */
  serve: Answer<AnonymousResponse>;
  /** The response of PUBLIC_BASE_URL; absent if the parameter is not set. */
  base?: Answer<AnonymousResponse>;
}

export function checkBaseUrl(
  { serve, base }: BaseUrlAnswers,
  installation: Installation,
): Finding[] {
  const { publicBaseUrl } = installation.config;
  const direct = differenceOf(serve);
  const findings: Finding[] = [];
  if (direct !== undefined) {
    findings.push(
      fault(
        `Expected ${serveUrl(installation)} to answer an unknown token with 404, found ${direct}.`,
      ),
    );
  }
  if (base === undefined || publicBaseUrl === undefined) {
    findings.push(
      warning(
        'PUBLIC_BASE_URL is not set: the URLs of images name the function, and change with its region and instance id.',
      ),
    );
    return findings;
  }
  const different = differenceOf(base);
  if (different !== undefined) {
    findings.push(
      fault(
        `Expected PUBLIC_BASE_URL (${publicBaseUrl}) to answer an unknown token with the same 404 as serve, found ${different}: ` +
          'the rewrite or the proxy to the function is missing, is not deployed, or comes after another one that matches.',
        `firebase deploy --only hosting --project ${installation.projectId}`,
      ),
    );
  } else if (publicBaseUrl.startsWith('http://')) {
    findings.push(
      warning(`PUBLIC_BASE_URL (${publicBaseUrl}) is not https: tokens are readable on the way.`),
    );
  }
  return findings.length > 0 ? findings : [ok(`${publicBaseUrl} answers as serve does.`)];
}

/** What was found instead of the 404 of `serve`; undefined if it is that. */
function differenceOf(answer: Answer<AnonymousResponse>): string | undefined {
  if (!('value' in answer)) return answer.reason;
  const { status, headers, body } = answer.value;
  if (status !== NOT_FOUND.status) return `HTTP ${status}`;
  const isOurs =
    body.toString() === NOT_FOUND.publicMessage &&
    headers.get('cross-origin-resource-policy') === 'cross-origin';
  return isOurs ? undefined : 'a 404 of another server';
}
