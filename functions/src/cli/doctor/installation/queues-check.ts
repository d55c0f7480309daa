/** Checks the task queues, and that the functions may fill them and be called by them. */
import { toPrintable } from '../printable.js';
import { DECLARED, DECLARED_NAMES, namesOf, type DeclaredName } from './declared.js';
import { reporter, type Finding } from './finding.js';
import { functionsOf } from './functions-check.js';
import { deployCommand, deployedName, type Installation } from './installation.js';
import { grantOf, invokerGrant, type Grant } from './policy.js';
import type { DeployedFunction, Policy, Queue } from './responses.js';
import type { Answer } from './rest.js';
import { unread } from './unread.js';

const { ok, warning, fault } = reporter('queues');

export interface QueuesAnswers {
  functions: Answer<DeployedFunction[]>;
  /** https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues/list, in LOCATION. */
  queues: Answer<Queue[]>;
  /** https://cloud.google.com/resource-manager/reference/rest/v3/projects/getIamPolicy */
  project: Answer<Policy>;
  /** Policies of the functions with triggers and tasks: who may call them. */
  services: ReadonlyMap<DeclaredName, Answer<Policy>>;
}

export function checkQueues(
  { functions, queues, project, services }: QueuesAnswers,
  installation: Installation,
): Finding[] {
  const { projectId, config } = installation;
  if (!('value' in functions)) return [];
  const deployed = functionsOf(functions.value, installation);
  // checkFunctions says so; nothing has a queue then.
  if (Object.keys(deployed).length === 0) return [];
  const findings: Finding[] = [];
  if (!('value' in queues)) {
    findings.push(unread('queues', 'the task queues', queues, projectId));
  } else {
    const states = new Map(queues.value.map(({ name, state }) => [name.split('/').at(-1), state]));
    for (const name of namesOf('tasks')) {
      const queue = deployedName(installation, name);
      const state = states.get(queue);
      if (state === 'RUNNING') continue;
      const options = `--location=${config.location} --project=${projectId}`;
      findings.push(
        state === undefined
          ? fault(
              `The queue ${queue} does not exist in ${config.location}: its tasks are lost.`,
              deployCommand(installation),
            )
          : fault(
              `Expected the queue ${queue} to be RUNNING, found ${toPrintable(state)}: its tasks wait.`,
              `gcloud tasks queues resume ${queue} ${options}`,
            ),
      );
    }
  }
  // checkEvents reports that the policy can't be read.
  if ('value' in project) {
    findings.push(...checkAccounts(deployed, project.value, services, installation));
  }
  return findings.length > 0 ? findings : [ok('The task queues exist and run.')];
}

/** Functions enqueue tasks and publish EVENTS, `serve` only tasks and only with WIDTHS; each task carries the identity of the account that enqueued it. */
function checkAccounts(
  deployed: ReturnType<typeof functionsOf>,
  policy: Policy,
  services: QueuesAnswers['services'],
  { projectId, config, kind }: Installation,
): Finding[] {
  const enqueuing = DECLARED_NAMES.filter(
    (name) => DECLARED[name].kind !== 'https' || config.widths !== undefined,
  );
  const emailOf = (name: DeclaredName) => deployed[name]?.serviceConfig.serviceAccountEmail;
  const emails = new Set(enqueuing.flatMap((name) => emailOf(name) ?? []));
  // An account of its own: `serve` enqueues only this task.
  const tasksOf = (email: string) =>
    enqueuing.every((name) => name === 'serve' || emailOf(name) !== email)
      ? (['resize'] as const)
      : namesOf('tasks');
  const hasFirstGeneration = namesOf('tasks').some(
    (name) => deployed[name]?.environment === 'GEN_1',
  );
  const invoker = hasFirstGeneration ? 'roles/cloudfunctions.invoker' : 'roles/run.invoker';
  const findings: Finding[] = [];
  for (const account of emails) {
    const email = toPrintable(account);
    const policies = tasksOf(account).map((name) => services.get(name));
    const member = `serviceAccount:${email}`;
    const report = (role: string, grant: Grant, consequence: string) => {
      if (grant === 'granted') return;
      const message = `The account ${email} lacks ${role} in the project ${projectId}`;
      const command = `gcloud projects add-iam-policy-binding ${projectId} --member=${member} --role=${role} --condition=None`;
      findings.push(
        grant === 'custom'
          ? warning(`${message}; unless a custom role contains it, ${consequence}.`, command)
          : fault(`${message}: ${consequence}.`, command),
      );
    };
    const enqueuer = 'roles/cloudtasks.enqueuer';
    const consequence = 'it cannot enqueue tasks, and images or widths on demand are not made';
    report(enqueuer, grantOf([policy], member, enqueuer), consequence);
    const publishes = enqueuing.some((name) => name !== 'serve' && emailOf(name) === account);
    // An extension gets what it needs from the platform.
    if (config.events && kind === 'kit' && publishes) {
      const publisher = 'roles/eventarc.publisher';
      report(publisher, grantOf([policy], member, publisher), 'it cannot publish events');
    }
    const called = invokerGrant(policy, policies, member, invoker);
    if (typeof called === 'object') {
      findings.push(unread('queues', `whether tasks of ${email} are accepted`, called, projectId));
    } else {
      report(
        invoker,
        called,
        'its tasks are rejected, and images or widths on demand are not made',
      );
    }
  }
  return findings;
}
