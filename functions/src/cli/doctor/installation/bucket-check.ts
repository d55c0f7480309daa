/** Checks who may read the objects of a bucket besides the rules, and what keeps deleted originals. */
import { toPrintable } from '../printable.js';
import { reporter, type Finding } from './finding.js';
import type { Installation } from './installation.js';
import { isPublicEntity, publicGrants } from './policy.js';
import type { AccessControls, Bucket, Policy } from './responses.js';
import type { Answer } from './rest.js';
import { unread } from './unread.js';

const { ok, warning, fault } = reporter('bucket');

export interface BucketAnswers {
  name: string;
  /** https://cloud.google.com/storage/docs/json_api/v1/buckets/get */
  bucket: Answer<Bucket>;
  /** https://cloud.google.com/storage/docs/json_api/v1/buckets/getIamPolicy */
  policy: Answer<Policy>;
  /** https://cloud.google.com/storage/docs/json_api/v1/bucketAccessControls/list */
  acl: Answer<AccessControls>;
  /** https://cloud.google.com/storage/docs/json_api/v1/defaultObjectAccessControls/list */
  defaultAcl: Answer<AccessControls>;
}

export function checkBucket(answers: BucketAnswers, installation: Installation): Finding[] {
  const { name, bucket } = answers;
  const { projectId, config } = installation;
  const parameter = name === config.bucket ? 'BUCKET' : 'VARIANTS_BUCKET';
  if (!('value' in bucket)) {
    if (bucket.status !== 404) return [unread('bucket', `the bucket ${name}`, bucket, projectId)];
    return [
      fault(
        `The bucket ${name} (${parameter}) does not exist.`,
        `gcloud storage buckets create gs://${name} --location=YOUR-LOCATION --uniform-bucket-level-access --project=${projectId}`,
      ),
    ];
  }
  const findings = [
    ...checkPolicy(answers, bucket.value, installation),
    ...checkAccessControls(answers, bucket.value, installation),
  ];
  if (findings.length === 0) {
    const prevention = isPrevented(bucket.value) ? 'prevents' : 'grants no';
    findings.push(ok(`The bucket ${name} ${prevention} public access.`));
  }
  return [...findings, ...checkRetention(answers, bucket.value)];
}

/** Roles on the project apply to the bucket and to Firestore, whatever the rules say. */
export function checkProject(project: Answer<Policy>, { projectId }: Installation): Finding[] {
  // checkEvents reports that the policy can't be read.
  if (!('value' in project)) return [];
  return publicGrants(project.value).map(({ member, role }) =>
    fault(
      `Everybody can bypass all rules: ${member} has ${toPrintable(role)} in the IAM policy of the project ${projectId}.`,
      `gcloud projects remove-iam-policy-binding ${projectId} --member=${member} --role=${toPrintable(role)} --all`,
    ),
  );
}

/** https://cloud.google.com/storage/docs/public-access-prevention */
function isPrevented({ iamConfiguration }: Bucket): boolean {
  return iamConfiguration.publicAccessPrevention === 'enforced';
}

function publicAccess(name: string, bucket: Bucket, what: string, command: string): Finding {
  const message = `Everybody can bypass the rules of the bucket ${name}: ${what}`;
  return isPrevented(bucket)
    ? warning(
        `${message}; only public access prevention still stops it, so remove the grant.`,
        command,
      )
    : fault(`${message}.`, command);
}

function checkPolicy(
  { name, policy }: BucketAnswers,
  bucket: Bucket,
  { projectId }: Installation,
): Finding[] {
  if (!('value' in policy)) {
    return [unread('bucket', `who may read the bucket ${name} (IAM)`, policy, projectId)];
  }
  return publicGrants(policy.value).map(({ member, role }) =>
    publicAccess(
      name,
      bucket,
      `${member} has ${toPrintable(role)} in its IAM policy`,
      `gcloud storage buckets remove-iam-policy-binding gs://${name} --member=${member} --role=${toPrintable(role)} --all`,
    ),
  );
}

/** ACLs are evaluated only without uniform access: https://cloud.google.com/storage/docs/uniform-bucket-level-access */
function checkAccessControls(
  { name, acl, defaultAcl }: BucketAnswers,
  bucket: Bucket,
  { projectId }: Installation,
): Finding[] {
  if (bucket.iamConfiguration.uniformBucketLevelAccess.enabled) return [];
  const uniform = `gcloud storage buckets update gs://${name} --uniform-bucket-level-access`;
  const findings: Finding[] = [];
  const lists = [
    { answer: acl, title: 'ACL', option: '--remove-acl-grant' },
    {
      answer: defaultAcl,
      title: 'default object ACL',
      option: '--remove-default-object-acl-grant',
    },
  ];
  for (const { answer, title, option } of lists) {
    if (!('value' in answer)) {
      findings.push(unread('bucket', `the ${title} of the bucket ${name}`, answer, projectId));
      continue;
    }
    for (const { entity, role } of answer.value.items) {
      if (!isPublicEntity(entity)) continue;
      const what = `${entity} is ${toPrintable(role)} in its ${title}`;
      const entityOption = entity === 'allUsers' ? 'AllUsers' : 'AllAuthenticatedUsers';
      findings.push(
        publicAccess(
          name,
          bucket,
          what,
          `gcloud storage buckets update gs://${name} ${option}=${entityOption}`,
        ),
      );
    }
  }
  if (!isPrevented(bucket)) {
    findings.push(
      warning(
        `Each object of the bucket ${name} may have an ACL of its own that bypasses the rules: use uniform access.`,
        uniform,
      ),
    );
  }
  return findings;
}

const DAY_SECONDS = 86_400;

function checkRetention({ name }: BucketAnswers, bucket: Bucket): Finding[] {
  const findings: Finding[] = [];
  const days = (seconds: string): string => {
    const count = Math.round((Number(seconds) / DAY_SECONDS) * 10) / 10;
    return `${count} ${count === 1 ? 'day' : 'days'}`;
  };
  const { softDeletePolicy, versioning, retentionPolicy } = bucket;
  const update = `gcloud storage buckets update gs://${name}`;
  const softDelete = softDeletePolicy?.retentionDurationSeconds ?? '0';
  if (Number(softDelete) > 0) {
    findings.push(
      warning(
        `The bucket ${name} keeps deleted and overwritten objects, originals too, for ${days(softDelete)} (soft delete).`,
        `${update} --clear-soft-delete`,
      ),
    );
  }
  if (versioning?.enabled === true) {
    findings.push(
      warning(
        `The bucket ${name} keeps deleted and overwritten objects, originals too, as noncurrent versions (object versioning).`,
        `${update} --no-versioning`,
      ),
    );
  }
  const retention = retentionPolicy?.retentionPeriod ?? '0';
  if (Number(retention) > 0) {
    findings.push(
      fault(
        `The bucket ${name} refuses to delete and overwrite objects for ${days(retention)} (retention policy): users ` +
          'cannot replace originals, and old renditions are not deleted.',
        `${update} --clear-retention-period`,
      ),
    );
  }
  return findings;
}
