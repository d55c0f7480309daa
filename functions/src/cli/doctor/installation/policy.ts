/** Reads IAM policies. Conditions are not evaluated: a role with a condition counts as granted. */
import type { Policy } from './responses.js';
import type { Answer, Failure } from './rest.js';

/** Roles that contain each of the roles that an installation needs. */
const CONTAINED_IN: Readonly<Record<string, readonly string[]>> = {
  'roles/eventarc.eventReceiver': ['roles/eventarc.admin'],
  'roles/run.invoker': ['roles/run.admin', 'roles/run.servicesInvoker'],
  'roles/cloudfunctions.invoker': ['roles/cloudfunctions.admin'],
  'roles/pubsub.publisher': ['roles/pubsub.editor', 'roles/pubsub.admin'],
  'roles/cloudtasks.enqueuer': ['roles/cloudtasks.admin'],
  'roles/eventarc.publisher': ['roles/eventarc.admin'],
};

/** Members that stand for everybody, or for everybody with some Google account. */
const PUBLIC = ['allUsers', 'allAuthenticatedUsers'] as const;
export type PublicMember = (typeof PUBLIC)[number];

/** `custom`: not that role, but one that the organization or the project made, which may contain it. */
export type Grant = 'granted' | 'custom' | 'missing';

/** Whether one of the policies grants a role to a member. */
export function grantOf(policies: readonly Policy[], member: string, role: string): Grant {
  const roles = policies.flatMap(({ bindings }) =>
    bindings.filter(({ members }) => members.includes(member)).map((binding) => binding.role),
  );
  const enough = [role, ...(CONTAINED_IN[role] ?? []), 'roles/owner'];
  if (roles.some((one) => enough.includes(one))) return 'granted';
  return roles.some((one) => !one.startsWith('roles/')) ? 'custom' : 'missing';
}

/**
 * Whether an account may call all of some functions: by a role on the project, or on each of them.
 * @param policies of the functions; undefined: not asked
 * @returns the failure if it depends on a policy that can't be read
 */
export function invokerGrant(
  project: Policy,
  policies: readonly (Answer<Policy> | undefined)[],
  member: string,
  role: string,
): Grant | Failure {
  const onProject = grantOf([project], member, role);
  if (onProject === 'granted' || policies.length === 0) return onProject;
  const grants = policies.map((answer): Grant | Failure | undefined => {
    if (answer === undefined || !('value' in answer)) return answer;
    return isCallableBy(answer.value, member, role) ? 'granted' : 'missing';
  });
  if (grants.every((one) => one === 'granted')) return 'granted';
  const isMissing = grants.includes('missing');
  const failure = grants.find((one) => typeof one === 'object');
  return isMissing || failure === undefined ? onProject : failure;
}

function isCallableBy(policy: Policy, member: string, role: string): boolean {
  return [member, ...PUBLIC].some((one) => grantOf([policy], one, role) === 'granted');
}

/** What a policy grants to everybody. */
export function publicGrants({ bindings }: Policy): { member: PublicMember; role: string }[] {
  return PUBLIC.flatMap((member) =>
    bindings
      .filter(({ members }) => members.includes(member))
      .map(({ role }) => ({ member, role })),
  );
}

export function isPublicEntity(entity: string): entity is PublicMember {
  return PUBLIC.some((member) => member === entity);
}
