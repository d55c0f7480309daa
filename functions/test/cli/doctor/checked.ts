/** Runs all checks on changed responses of Google. */
import { check } from '../../../src/cli/doctor/installation/check.js';
import type { DeclaredName } from '../../../src/cli/doctor/installation/declared.js';
import type { Finding } from '../../../src/cli/doctor/installation/finding.js';
import { gather } from '../../../src/cli/doctor/installation/gather.js';
import {
  deployedName,
  type Installation,
} from '../../../src/cli/doctor/installation/installation.js';
import { openGoogleDouble, type Replies } from './google-double.js';
import {
  BUCKET,
  BUCKET_BODY,
  functionsBody,
  healthyReplies,
  installationOf,
  KEYS,
  PROJECT,
  PROJECT_POLICY,
} from './healthy.js';

const NOW = new Date('2026-11-26T12:00:00Z');
export const DEPLOY = `firebase deploy --only functions:images --project ${PROJECT}`;
export const kit = installationOf();
export const extension = installationOf({ kind: 'extension' });

/** All findings about an installation, with some responses changed. */
export async function findings(
  changes: Replies,
  installation: Installation = kit,
): Promise<Finding[]> {
  const double = await openGoogleDouble({ ...healthyReplies(installation), ...changes });
  try {
    return check(await gather(double.client(), installation), installation, NOW);
  } finally {
    await double.close();
  }
}

/** The findings that are not ok. */
export async function problems(changes: Replies, installation?: Installation): Promise<Finding[]> {
  return (await findings(changes, installation)).filter(({ level }) => level !== 'ok');
}

type Deployed = ReturnType<typeof functionsBody>['functions'][number];

/** The response about all functions, with one changed or, if `change` returns undefined, missing. */
export function functionsWith(
  name: DeclaredName,
  change: (one: Deployed) => object | undefined,
  installation = kit,
): Replies {
  const functions = functionsBody(installation).functions.flatMap((one): object[] => {
    if (!one.name.endsWith(`/${deployedName(installation, name)}`)) return [one];
    const changed = change(one);
    return changed === undefined ? [] : [changed];
  });
  return { [KEYS.functions]: { body: { functions } } };
}

/** The project's policy without a role. */
export function projectWithout(role: string): Replies {
  const bindings = PROJECT_POLICY.bindings.filter((binding) => binding.role !== role);
  return { [KEYS.project]: { body: { ...PROJECT_POLICY, bindings } } };
}

export function bucketWith(changes: object): Replies {
  return { [KEYS.bucket]: { body: { ...BUCKET_BODY, ...changes } } };
}

export const grant = (email: string, role: string) =>
  `gcloud projects add-iam-policy-binding ${PROJECT} --member=serviceAccount:${email} --role=${role} --condition=None`;

export const options = `--region=us-central1 --project=${PROJECT}`;
export const update = `gcloud storage buckets update gs://${BUCKET}`;

/** What is reported if some responses are others, and the commands that repair it. */
export type Case = [
  what: string,
  changes: Replies,
  level: Finding['level'],
  message: RegExp,
  commands: string[],
];

/** Expects that one finding. */
export async function expectCase([, changes, level, message, commands]: Case): Promise<void> {
  const found = await problems(changes);
  expect(found).toEqual([
    expect.objectContaining({ level, message: expect.stringMatching(message) as string }),
  ]);
  expect(found[0]?.commands).toEqual(commands);
}
