/**
 * Checks what the events of the bucket need to arrive: triggers in the bucket's location, and three roles.
 * https://cloud.google.com/eventarc/standard/docs/run/route-trigger-cloud-storage
 */
import { toPrintable } from '../printable.js';
import { DECLARED, namesOf, type DeclaredName } from './declared.js';
import { reporter, type Finding } from './finding.js';
import { functionsOf, regionOf } from './functions-check.js';
import { deployCommand, deployedName, type Installation } from './installation.js';
import { grantOf, invokerGrant, type Grant } from './policy.js';
import type { Bucket, DeployedFunction, Policy } from './responses.js';
import type { Answer } from './rest.js';
import { unread } from './unread.js';

const { ok, warning, fault } = reporter('events');

export interface EventsAnswers {
  functions: Answer<DeployedFunction[]>;
  bucket: Answer<Bucket>;
  /** https://cloud.google.com/resource-manager/reference/rest/v3/projects/getIamPolicy */
  project: Answer<Policy>;
  /** Policies of the functions with triggers and tasks: who may call them. */
  services: ReadonlyMap<DeclaredName, Answer<Policy>>;
  /** Email address of Cloud Storage's service agent. */
  storageAgent: Answer<string>;
}

export function checkEvents(answers: EventsAnswers, installation: Installation): Finding[] {
  const { functions } = answers;
  // checkFunctions says why there are none.
  if (!('value' in functions)) return [];
  const deployed = functionsOf(functions.value, installation);
  const triggers = namesOf('storage').flatMap((name): Triggered[] => {
    const one = deployed[name];
    return one === undefined ? [] : [{ name, one }];
  });
  if (triggers.length === 0) return [];
  const findings = [
    ...triggers.flatMap((triggered) => checkTrigger(triggered, installation)),
    ...checkRegions(triggers, answers.bucket, installation),
    ...checkRoles(triggers, answers, installation),
  ];
  return findings.length > 0
    ? findings
    : [ok('The triggers are in the location of the bucket, and all roles are granted.')];
}

interface Triggered {
  name: DeclaredName;
  one: DeployedFunction;
}

/** https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions#EventTrigger */
function checkTrigger({ name, one }: Triggered, installation: Installation): Finding[] {
  const { config } = installation;
  const full = deployedName(installation, name);
  const deploy = deployCommand(installation);
  const declared = DECLARED[name];
  const { eventTrigger } = one;
  if (eventTrigger === undefined || declared.kind !== 'storage') {
    return [fault(`The function ${full} has no trigger.`, deploy)];
  }
  const findings: Finding[] = [];
  const { eventType = 'nothing', eventFilters, retryPolicy } = eventTrigger;
  if (eventType !== declared.eventType) {
    findings.push(
      fault(
        `Expected ${full} to be triggered by ${declared.eventType}, found ${toPrintable(eventType)}.`,
        deploy,
      ),
    );
  }
  const bucket = eventFilters.find(({ attribute }) => attribute === 'bucket')?.value ?? 'none';
  if (bucket !== config.bucket) {
    findings.push(
      fault(
        `Expected ${full} to be triggered by the bucket ${config.bucket} (BUCKET), found ${toPrintable(bucket)}.`,
        deploy,
      ),
    );
  }
  if (retryPolicy !== 'RETRY_POLICY_RETRY') {
    findings.push(
      fault(`Expected ${full} to retry failed events, found that they are lost.`, deploy),
    );
  }
  return findings;
}

/** A trigger in another location than its bucket gets no events. */
function checkRegions(
  triggers: readonly Triggered[],
  bucket: Answer<Bucket>,
  installation: Installation,
): Finding[] {
  const { config, projectId } = installation;
  // checkBucket says why it can't be read.
  if (!('value' in bucket)) return [];
  const location = bucket.value.location.toLowerCase();
  return triggers.flatMap(({ name, one }) => {
    const region = one.eventTrigger?.triggerRegion;
    if (region === undefined || region.toLowerCase() === location) return [];
    const isExtension = installation.kind === 'extension';
    const message =
      `Events don't arrive: the trigger of ${deployedName(installation, name)} is in ${toPrintable(region)}, the bucket ` +
      `${config.bucket} is in ${location}${isExtension ? ': set BUCKET_LOCATION' : ': delete the function, then deploy it again'}.`;
    const remove = `firebase functions:delete ${deployedName(installation, name)} --region ${regionOf(one)} --project ${projectId}`;
    return [fault(message, ...(isExtension ? [] : [remove]), deployCommand(installation))];
  });
}

function checkRoles(
  triggers: readonly Triggered[],
  { project, services, storageAgent }: EventsAnswers,
  installation: Installation,
): Finding[] {
  const { projectId } = installation;
  if (!('value' in project))
    return [unread('events', 'the roles of the triggers', project, projectId)];
  const findings: Finding[] = [];
  const report = (grant: Grant, email: string, role: string, consequence: string) => {
    if (grant === 'granted') return;
    const member = `serviceAccount:${email}`;
    const command =
      `gcloud projects add-iam-policy-binding ${projectId} --member=${member} --role=${role} ` +
      '--condition=None';
    const who = `the account ${email}`;
    findings.push(
      grant === 'custom'
        ? warning(
            `Expected ${who} to have ${role}, found a custom role, whose permissions this command can't see. ` +
              `Without it, ${consequence}.`,
            command,
          )
        : fault(`Events don't arrive: ${who} lacks ${role}, so ${consequence}.`, command),
    );
  };
  const require = (email: string, role: string, consequence: string) => {
    const grant = grantOf([project.value], `serviceAccount:${email}`, role);
    report(grant, email, role, consequence);
  };
  if ('value' in storageAgent) {
    const consequence = 'Cloud Storage cannot publish the events of the bucket';
    require(storageAgent.value, 'roles/pubsub.publisher', consequence);
  } else {
    const what = "whether Cloud Storage's service agent may publish events";
    findings.push(unread('events', what, storageAgent, projectId));
  }
  for (const [email, names] of byAccount(triggers)) {
    const receives = 'its triggers cannot receive events';
    require(email, 'roles/eventarc.eventReceiver', receives);
    const role = 'roles/run.invoker';
    const policies = names.map((name) => services.get(name));
    const granted = invokerGrant(project.value, policies, `serviceAccount:${email}`, role);
    if (typeof granted === 'object') {
      findings.push(
        unread('events', `whether ${email} may call the functions`, granted, projectId),
      );
    } else {
      report(granted, email, role, 'its triggers cannot call the functions');
    }
  }
  return findings;
}

/** The functions of each account that a trigger acts as. */
function byAccount(triggers: readonly Triggered[]): Map<string, DeclaredName[]> {
  const accounts = new Map<string, DeclaredName[]>();
  for (const { name, one } of triggers) {
    const email = one.eventTrigger?.serviceAccountEmail ?? one.serviceConfig.serviceAccountEmail;
    if (email === undefined) continue;
    const printable = toPrintable(email);
    accounts.set(printable, [...(accounts.get(printable) ?? []), name]);
  }
  return accounts;
}
