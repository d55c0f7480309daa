/** What the probe reads, writes and deletes in Cloud Storage and Firestore. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { fillTemplate, renditionsFolder, type Owner } from '../../../domain/path.js';
import { hashToken } from '../../../domain/token.js';
import type { Installation } from './installation.js';
import { makePng } from './png.js';
import type { Answer, Failure, RestClient } from './rest.js';

/** https://firebase.google.com/docs/firestore/reference/rest/v1/projects.databases.documents#Document */
const TEXT = z.object({ stringValue: z.string() }).optional();
const RECORD = z.object({
  fields: z
    .object({
      state: TEXT,
      token: TEXT,
      error: z
        .object({ mapValue: z.object({ fields: z.object({ code: TEXT }).default({}) }) })
        .optional(),
    })
    .default({}),
});

/** https://firebase.google.com/docs/firestore/reference/rest/v1/projects.databases.documents/runQuery */
const QUERY_RESULT = z.array(z.object({ document: z.object({ name: z.string() }).optional() }));

/** https://cloud.google.com/storage/docs/json_api/v1/objects#resource */
const OBJECT = z.object({
  generation: z.string(),
  metadata: z.record(z.string(), z.string()).default({}),
});
const OBJECTS_PAGE = z.object({
  items: z.array(z.object({ name: z.string() })).default([]),
  nextPageToken: z.string().optional(),
});

const NOTHING = z.unknown();

/** Custom metadata of Firebase for Cloud Storage. */
const TOKENS_KEY = 'firebaseStorageDownloadTokens';

export interface ProbeRecord {
  state: string;
  /** The public token; never printed. */
  token: string;
  /** A failure code. */
  code: string;
}

export interface ProbeObjects {
  /** Object name of the original. */
  name: string;
  /** Uploads the image, with a download token if the functions should revoke it. @returns its generation */
  upload(): Promise<Answer<string>>;
  /** Whether the original has a download token. */
  hasDownloadToken(): Promise<Answer<boolean>>;
  findRecord(): Promise<Answer<ProbeRecord>>;
  deleteOriginal(generation: string): Promise<Answer<unknown>>;
  /** Deletes records and renditions. @returns what could not be deleted */
  deleteRest(): Promise<Failure[]>;
}

/** @param owner with ids that nobody else has */
export function openProbeObjects(
  client: RestClient,
  { projectId, config }: Installation,
  owner: Owner,
): ProbeObjects {
  const name = fillTemplate(config.originalsPath, owner);
  const bucketUrl = (bucket: string) => `https://storage.googleapis.com/storage/v1/b/${bucket}`;
  const originalUrl = `${bucketUrl(config.bucket)}/o/${encodeURIComponent(name)}`;
  const documents = `projects/${projectId}/databases/${config.databaseId}/documents`;
  const firestore = 'https://firestore.googleapis.com/v1';
  const imagePath = `${fillTemplate(config.imagesCollection, owner)}/${owner.imageId}`;

  async function remove(url: string, permission: string): Promise<Failure[]> {
    const answer = await client.send({ url, permission, method: 'DELETE', schema: NOTHING });
    return 'value' in answer || answer.status === 404 ? [] : [answer];
  }

  const removeDocument = (path: string) =>
    remove(`${firestore}/${documents}/${path}`, 'datastore.entities.delete');

  async function removeTokens(): Promise<Failure[]> {
    const found = await client.send({
      url: `${firestore}/${documents}${parentOf(config.tokensCollection)}:runQuery`,
      permission: 'datastore.entities.list',
      method: 'POST',
      schema: QUERY_RESULT,
      body: {
        structuredQuery: {
          from: [{ collectionId: config.tokensCollection.split('/').at(-1) }],
          where: {
            fieldFilter: {
              field: { fieldPath: 'imagePath' },
              op: 'EQUAL',
              value: { stringValue: imagePath },
            },
          },
        },
      },
    });
    if (!('value' in found)) return [found];
    const names = found.value.flatMap(({ document }) => document?.name ?? []);
    const results = names.map((document) =>
      remove(`${firestore}/${document}`, 'datastore.entities.delete'),
    );
    return (await Promise.all(results)).flat();
  }

  async function removeRenditions(): Promise<Failure[]> {
    const url = bucketUrl(config.variantsBucket);
    const prefix = renditionsFolder(config.variantsPath, config.bucket, name);
    const listed = await client.list(
      {
        url: `${url}/o?prefix=${encodeURIComponent(prefix)}`,
        permission: 'storage.objects.list',
        schema: OBJECTS_PAGE,
      },
      (page) => page.items,
    );
    if (!('value' in listed)) return [listed];
    const results = listed.value.map((rendition) =>
      remove(`${url}/o/${encodeURIComponent(rendition.name)}`, 'storage.objects.delete'),
    );
    return (await Promise.all(results)).flat();
  }

  return {
    name,
    async upload() {
      const boundary = `probe-${randomUUID()}`;
      // A random token that is never printed; the functions must revoke it.
      const metadata = config.lockOriginals ? { metadata: { [TOKENS_KEY]: randomUUID() } } : {};
      const resource = JSON.stringify({ name, contentType: 'image/png', ...metadata });
      // https://cloud.google.com/storage/docs/uploading-objects#rest-upload-objects
      const bytes = Buffer.concat([
        Buffer.from(`--${boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n`),
        Buffer.from(`${resource}\r\n--${boundary}\r\nContent-Type: image/png\r\n\r\n`),
        makePng(),
        Buffer.from(`\r\n--${boundary}--\r\n`),
      ]);
      const answer = await client.send({
        url: `https://storage.googleapis.com/upload/storage/v1/b/${config.bucket}/o?uploadType=multipart&ifGenerationMatch=0`,
        permission: 'storage.objects.create',
        method: 'POST',
        body: { bytes, contentType: `multipart/related; boundary=${boundary}` },
        schema: OBJECT,
      });
      return 'value' in answer ? { value: answer.value.generation } : answer;
    },
    async hasDownloadToken() {
      const answer = await client.send({
        url: originalUrl,
        permission: 'storage.objects.get',
        schema: OBJECT,
      });
      return 'value' in answer ? { value: TOKENS_KEY in answer.value.metadata } : answer;
    },
    async findRecord() {
      const answer = await client.send({
        url: `${firestore}/${documents}/${imagePath}`,
        permission: 'datastore.entities.get',
        schema: RECORD,
      });
      if (!('value' in answer)) return answer;
      const { state, token, error } = answer.value.fields;
      const code = error?.mapValue.fields.code?.stringValue ?? '';
      return { value: { state: state?.stringValue ?? '', token: token?.stringValue ?? '', code } };
    },
    deleteOriginal: (generation) =>
      client.send({
        // With a generation, object versioning keeps no noncurrent version.
        url: `${originalUrl}?generation=${generation}`,
        permission: 'storage.objects.delete',
        method: 'DELETE',
        schema: NOTHING,
      }),
    async deleteRest() {
      const record = await this.findRecord();
      const token = 'value' in record ? record.value.token : '';
      const results = await Promise.all([
        removeTokens(),
        token === '' ? [] : removeDocument(`${config.tokensCollection}/${hashToken(token)}`),
        removeRenditions(),
        // See gcp/image-counter.ts.
        removeDocument(`${config.jobsCollection}/uploads/users/${owner.uid}`),
      ]);
      // Last, because it names the token.
      return [...results.flat(), ...(await removeDocument(imagePath))];
    },
  };
}

/** `/DOCUMENT` that a collection is in; empty for a collection of the database itself. */
function parentOf(collection: string): string {
  const parent = collection.split('/').slice(0, -1).join('/');
  return parent === '' ? '' : `/${parent}`;
}
