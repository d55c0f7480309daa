/** What a check reports if Google does not answer one of its questions. */
import { reporter, type CheckName, type Finding } from './finding.js';
import type { Failure } from './rest.js';

/**
 * One sentence; the other checks go on. It names the permission that the account lacks.
 * @param what could not be checked
 */
export function unread(
  check: CheckName,
  what: string,
  failure: Failure,
  projectId: string,
): Finding {
  const { warning, fault } = reporter(check);
  const { disabledApi, permission, status, reason } = failure;
  if (disabledApi !== undefined) {
    return fault(
      `The API ${disabledApi} is not enabled in the project ${projectId}. Not checked: ${what}.`,
      `gcloud services enable ${disabledApi} --project=${projectId}`,
    );
  }
  if (permission !== undefined) {
    return warning(`Not checked: ${what}. Your account lacks the permission ${permission}.`);
  }
  const found = status === 0 ? reason : `HTTP ${status}: ${reason}`;
  return warning(`Not checked: ${what}. Expected a response of Google, found ${found}.`);
}
