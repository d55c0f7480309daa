/** Checks the database, and the fields whose automatic indexes must be off. */
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
  const { projectId, config, fieldOverrides } = installation;
  if (!('value' in database)) {
    if (database.status !== 404) {
      return [unread('firestore', 'the Firestore database', database, projectId)];
    }
    return [
      fault(
        `The project ${projectId} has no Firestore database (default), which the functions use.`,
        `gcloud firestore databases create --location=YOUR-LOCATION --project=${projectId}`,
      ),
    ];
  }
  const { type } = database.value;
  if (type !== 'FIRESTORE_NATIVE') {
    return [
      fault(
        `Expected the database (default) to be in native mode, found ${toPrintable(type)}.`,
        `gcloud firestore databases update --type=firestore-native --project=${projectId}`,
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
  const indexed = fieldOverrides.filter(({ collectionGroup, fieldPath }) => {
    const found = byField.get(`${collectionGroup} ${fieldPath}`);
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
  const collections = [config.imagesCollection.text, config.tokensCollection];
  const groups = new Set(collections.map((path) => path.split('/').at(-1) ?? ''));
  for (const field of fields.value) {
    const group = field.name.split('/')[5] ?? '';
    if (field.ttlConfig === undefined || !groups.has(group)) continue;
    const path = toPrintable(field.name.split('/').slice(7).join('/'));
    // The functions declare none: an expired share is refused without it.
    findings.push(
      warning(
        `A TTL policy on ${group}.${path} deletes records while their renditions stay.`,
        `gcloud firestore fields ttls update ${path} --collection-group=${group} --disable-ttl --project=${projectId}`,
      ),
    );
  }
  return findings.length > 0
    ? findings
    : [ok('The database exists, and its index settings are those of this version.')];
}
