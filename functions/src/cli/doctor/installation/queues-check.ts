/** Checks the task queues, and that the functions may fill them and be called by them. */
import { toPrintable } from '../printable.js';
import { DECLARED, DECLARED_NAMES, namesOf } from './declared.js';
import { reporter, type Finding } from './finding.js';
import { functionsOf } from './functions-check.js';
import { deployCommand, deployedName, type Installation } from './installation.js';
import { grantOf } from './policy.js';
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
}

export function checkQueues(
  { functions, queues, project }: QueuesAnswers,
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
  if ('value' in project) findings.push(...checkAccounts(deployed, project.value, installation));
  return findings.length > 0 ? findings : [ok('The task queues exist and run.')];
}

/** Every function but `serve` enqueues tasks; each task carries the identity of the account that enqueued it. */
function checkAccounts(
  deployed: ReturnType<typeof functionsOf>,
  policy: Policy,
  { projectId }: Installation,
): Finding[] {
  const enqueuing = DECLARED_NAMES.filter((name) => DECLARED[name].kind !== 'https');
  const emails = new Set(
    enqueuing.flatMap((name) => deployed[name]?.serviceConfig.serviceAccountEmail ?? []),
  );
  const hasFirstGeneration = namesOf('tasks').some(
    (name) => deployed[name]?.environment === 'GEN_1',
  );
  const invoker = hasFirstGeneration ? 'roles/cloudfunctions.invoker' : 'roles/run.invoker';
  const needed = [
    ['roles/cloudtasks.enqueuer', 'it cannot enqueue uploads, and images stay unprocessed'],
    [invoker, 'its tasks are rejected, and images stay unprocessed'],
  ] as const;
  return [...emails].map(toPrintable).flatMap((email) =>
    needed.flatMap(([role, consequence]) => {
      const member = `serviceAccount:${email}`;
      const grant = grantOf([policy], member, role);
      if (grant === 'granted') return [];
      const message = `The account ${email} lacks ${role} in the project ${projectId}`;
      const command = `gcloud projects add-iam-policy-binding ${projectId} --member=${member} --role=${role} --condition=None`;
      // Of a function of the 1st generation, the Extensions service may grant the role on the function alone.
      const isUncertain = grant === 'custom' || role === 'roles/cloudfunctions.invoker';
      return isUncertain
        ? warning(
            `${message}; unless it has its permissions in another way, ${consequence}.`,
            command,
          )
        : fault(`${message}: ${consequence}.`, command);
    }),
  );
}
