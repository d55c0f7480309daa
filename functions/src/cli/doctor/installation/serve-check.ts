/** Checks that everybody may call `serve`: https://cloud.google.com/run/docs/authenticating/public */
import { reporter, type Finding } from './finding.js';
import { functionsOf, regionOf } from './functions-check.js';
import { deployedName, type Installation } from './installation.js';
import { publicGrants } from './policy.js';
import type { DeployedFunction, Policy, RUN_SERVICE } from './responses.js';
import type { Answer } from './rest.js';
import { unread } from './unread.js';
import type { z } from 'zod';

const { ok, fault } = reporter('serve');

export interface ServeAnswers {
  functions: Answer<DeployedFunction[]>;
  /**
   * https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/getIamPolicy or, for a function
   * of the 1st generation, https://cloud.google.com/functions/docs/reference/rest/v1/projects.locations.functions/getIamPolicy
   */
  policy?: Answer<Policy>;
  /** https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/get */
  service?: Answer<z.infer<typeof RUN_SERVICE>>;
}

export function checkServe(
  { functions, policy, service }: ServeAnswers,
  installation: Installation,
): Finding[] {
  const { projectId } = installation;
  if (!('value' in functions) || policy === undefined) return [];
  const serve = functionsOf(functions.value, installation).serve;
  if (serve === undefined) return [];
  const name = deployedName(installation, 'serve');
  const options = `--region=${regionOf(serve)} --project=${projectId}`;
  const findings: Finding[] = [];
  const isFirstGeneration = serve.environment === 'GEN_1';
  const runName = serve.serviceConfig.service?.split('/').at(-1) ?? name.toLowerCase();
  if (service !== undefined && 'value' in service) {
    const { invokerIamDisabled, ingress } = service.value;
    if (ingress !== 'INGRESS_TRAFFIC_ALL') {
      findings.push(
        fault(
          `Expected ${name} to accept requests from the internet, found another ingress setting: visitors and Firebase Hosting ` +
            'cannot reach it.',
          `gcloud run services update ${runName} --ingress=all ${options}`,
        ),
      );
    }
    if (invokerIamDisabled) {
      return findings.length > 0
        ? findings
        : [ok(`${name} answers everybody: it checks no invoker role.`)];
    }
  }
  if (!('value' in policy)) {
    return [...findings, unread('serve', `whether everybody may call ${name}`, policy, projectId)];
  }
  const role = isFirstGeneration ? 'roles/cloudfunctions.invoker' : 'roles/run.invoker';
  const isPublic = publicGrants(policy.value).some(
    (grant) => grant.member === 'allUsers' && grant.role === role,
  );
  if (!isPublic) {
    const grant = isFirstGeneration
      ? `gcloud functions add-iam-policy-binding ${name} --member=allUsers --role=${role} ${options}`
      : `gcloud run services add-iam-policy-binding ${runName} --member=allUsers --role=${role} ${options}`;
    const message =
      `Nobody can view images: allUsers lacks ${role} on ${name}, so it answers 403. If Google refuses the ` +
      'command, an organization policy restricts sharing to your domains (iam.allowedPolicyMemberDomains, domain-restricted ' +
      'sharing)';
    findings.push(
      isFirstGeneration
        ? fault(`${message}: an administrator must allow an exception for this project.`, grant)
        : fault(
            `${message}: use the second command instead.`,
            grant,
            `gcloud run services update ${runName} --no-invoker-iam-check ${options}`,
          ),
    );
  }
  return findings.length > 0 ? findings : [ok(`Everybody may call ${name}.`)];
}
