/** Checks the database, the fields whose automatic indexes must be off, and the TTL policies. */
import { toPrintable } from '../printable.js';
import { reporter, type Finding } from './finding.js';
import type { Installation } from './installation.js';
import type { FieldConfig } from './responses.js';
import type { Answer } from './rest.js';
import { unread } from './unread.js';

const { ok, warning, fault } = reporter('firestore');

export interface FirestoreAnswers {
  /** https://firebase.google.com/docs/firestore/reference/rest/v1/projects.databases/get */
  database: Answer<{ type: string }>;
  /** https://firebase.google.com/docs/firestore/reference/rest/v1/projects.databases.collectionGroups.fields/list */
  fields: Answer<FieldConfig[]>;
}

export function checkFirestore(
  { database, fields }: FirestoreAnswers,
  installation: Installation,
): Finding[] {
  const { projectId, fieldOverrides, config } = installation;
  const { databaseId } = config;
  if (!('value' in database)) {
    if (database.status !== 404) {
      return [unread('firestore', 'the Firestore database', database, projectId)];
    }
    return [
      fault(
        `The project ${projectId} has no Firestore database ${databaseId}, which the functions use.`,
        `gcloud firestore databases create${databaseOption(config)} --location=YOUR-LOCATION --project=${projectId}`,
      ),
    ];
  }
  const { type } = database.value;
  if (type !== 'FIRESTORE_NATIVE') {
    return [
      fault(
        `Expected the database ${databaseId} to be in native mode, found ${toPrintable(type)}.`,
        `gcloud firestore databases update${databaseOption(config)} --type=firestore-native --project=${projectId}`,
      ),
    ];
  }
  if (!('value' in fields)) {
    return [unread('firestore', 'the index settings of Firestore', fields, projectId)];
  }
  const byField = new Map(
    fields.value.map((field) => {
      const [, , , , , collection = '', , ...path] = field.name.split('/');
      return [`${collection} ${path.join('/')}`, field];
    }),
  );
  const deploy = `firebase deploy --only firestore:indexes --project ${projectId}`;
  const indexed = fieldOverrides.filter(({ collectionGroup, fieldPath, ttl }) => {
    const found = byField.get(`${collectionGroup} ${fieldPath}`);
    // One finding for each field: what adds the policy also turns its indexes off.
    if (ttl && found?.ttlConfig === undefined) return false;
    return found === undefined || found.indexConfig.indexes.length > 0;
  });
  const findings: Finding[] = [];
  if (indexed.length > 0) {
    const list = indexed.map((one) => `${one.collectionGroup}.${one.fieldPath}`).join(', ');
    findings.push(
      warning(
        `Firestore indexes fields that no query needs, which costs storage and time with each write: ${list}. ` +
          'Add the "fieldOverrides" of this package to firestore.indexes.json (init does).',
        deploy,
      ),
    );
  }
  findings.push(...checkTimesToLive(byField, installation));
  return findings.length > 0
    ? findings
    : [
        ok(
          'The database exists, and its index settings and TTL policies are those of this version.',
        ),
      ];
}

/** The option of a command that is about another database than the default one. */
function databaseOption({ databaseId }: Installation['config']): string {
  return databaseId === '(default)' ? '' : ` --database=${databaseId}`;
}

/** A policy of the package that is missing keeps records of ended shares; another one deletes records in use. */
function checkTimesToLive(
  byField: ReadonlyMap<string, FieldConfig>,
  { projectId, config, fieldOverrides }: Installation,
): Finding[] {
  const findings: Finding[] = [];
  const declared = new Set<string>();
  for (const { collectionGroup, fieldPath, ttl } of fieldOverrides) {
    if (!ttl) continue;
    declared.add(`${collectionGroup} ${fieldPath}`);
    const policy = byField.get(`${collectionGroup} ${fieldPath}`)?.ttlConfig;
    // A policy that is being created will be active.
    if (policy !== undefined && policy.state !== 'NEEDS_REPAIR') continue;
    const found = policy === undefined ? 'none' : 'one that Firestore could not apply';
    findings.push(
      warning(
        `Expected a TTL policy on ${collectionGroup}.${fieldPath}, found ${found}: records of ended shares are kept. ` +
          'Their URLs do not work, with or without the policy.',
        `gcloud firestore fields ttls update ${fieldPath} --collection-group=${collectionGroup}${databaseOption(config)} --enable-ttl --project=${projectId}`,
      ),
    );
  }
  const { imagesCollection, sharesCollection, tokensCollection } = config;
  const collections = [imagesCollection.text, sharesCollection.text, tokensCollection];
  const groups = new Set(collections.map((path) => path.split('/').at(-1) ?? ''));
  for (const [key, field] of byField) {
    const [group = '', ...path] = key.split(' ');
    if (field.ttlConfig === undefined || !groups.has(group) || declared.has(key)) continue;
    const name = toPrintable(path.join(' '));
    findings.push(
      warning(
        `A TTL policy on ${group}.${name}, which this package does not declare, deletes records that are in use.`,
        `gcloud firestore fields ttls update ${name} --collection-group=${group}${databaseOption(config)} --disable-ttl --project=${projectId}`,
      ),
    );
  }
  return findings;
}
