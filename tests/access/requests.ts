/** The requests of each act of the access table. */
import { newImageId } from 'storage-public-variants-client';
import { hashToken, mintToken } from '../../functions/src/domain/token.js';
import type { RawRequest } from '../support/request.js';
import type { TestStack } from '../support/stack.js';
import type { Image } from './fixture.js';
import type { Act } from './table.js';

/** One request without credentials; `succeeds` adds them. */
export type RequestVariant = RawRequest;

/** An actor's secrets. Names and ids are known to every actor. */
export interface Secrets {
  publicToken?: string;
  downloadToken?: string;
  /** Whether the actor also requests object names from the serve function. */
  triesNames?: boolean;
}

/** The image that an act is tried on, and the actor's secrets. */
export interface Target {
  stack: TestStack;
  image: Image;
  secrets: Secrets;
}

const JPEG = { 'content-type': 'image/jpeg' };
const JSON_BODY = { 'content-type': 'application/json' };

export function requestsForOriginal(act: Act, target: Target): RequestVariant[] {
  return requestsForObject(act, target.image.original, target);
}

/** The requests for any object and, for the holder of the public token, its public URL. */
export function requestsForRendition(act: Act, target: Target): RequestVariant[] {
  const { stack, image, secrets } = target;
  const requests = requestsForObject(act, image.rendition, target);
  const { publicToken } = secrets;
  if (act === 'get' && publicToken === image.publicToken) {
    requests.push({ method: 'GET', url: `${stack.serve}/${publicToken}/w800.webp` });
  }
  return requests;
}

function requestsForObject(act: Act, name: string, { stack, secrets }: Target): RequestVariant[] {
  const objects = `http://${stack.storage}/v0/b/${stack.bucket}/o`;
  const object = `${objects}/${encodeURIComponent(name)}`;
  const media = `${object}?alt=media`;
  const upload = (objectName: string): RequestVariant => {
    const url = `${objects}?uploadType=media&name=${encodeURIComponent(objectName)}`;
    return { method: 'POST', url, headers: JPEG, body: 'an attack' };
  };
  switch (act) {
    case 'get':
      return [{ method: 'GET', url: media }, ...serveRequests(name, stack, secrets)];
    case 'getMetadata':
      return [
        { method: 'GET', url: object },
        ...downloadTokens(secrets).map((token) => ({
          method: 'GET',
          url: `${object}?token=${token}`,
        })),
      ];
    case 'list':
      return foldersOf(name).map((folder) => ({
        method: 'GET',
        url: `${objects}?prefix=${encodeURIComponent(folder)}&delimiter=/`,
      }));
    case 'download by token':
      return downloadTokens(secrets).map((token) => ({
        method: 'GET',
        url: `${media}&token=${token}`,
      }));
    case 'create':
      return [upload(`${parentOf(name)}/${newImageId()}`)];
    case 'overwrite':
      return [upload(name)];
    case 'update metadata':
      return [
        {
          method: 'PATCH',
          url: object,
          headers: JSON_BODY,
          body: JSON.stringify({ contentType: 'text/html', metadata: { note: 'an attack' } }),
        },
        { method: 'POST', url: `${object}?create_token=true` },
      ];
    case 'delete':
      return [{ method: 'DELETE', url: object }];
    case 'query':
    case 'collection-group query':
      return [];
  }
}

/** Every actor tries an empty token and a random one. */
function downloadTokens({ publicToken, downloadToken }: Secrets): string[] {
  const tokens = ['', crypto.randomUUID()];
  if (publicToken !== undefined) tokens.push(publicToken, hashToken(publicToken));
  if (downloadToken !== undefined) tokens.push(downloadToken);
  return tokens;
}

/** Requests an object name from serve, unchanged and with `..` and escapes, behind different tokens. */
function serveRequests(name: string, { serve }: TestStack, secrets: Secrets): RequestVariant[] {
  const { publicToken, triesNames } = secrets;
  const escaped = encodeURIComponent(name);
  const paths = [name, escaped, `../../${name}`, `..%2F..%2F${escaped}`, `%2e%2e/${name}`];
  const tokens = [
    ...(publicToken === undefined ? [] : [publicToken]),
    ...(triesNames ? ['x', mintToken()] : []),
  ];
  return tokens.flatMap((token) =>
    paths.map((path) => ({ method: 'GET', url: `${serve}/${token}/${path}` })),
  );
}

/** The bucket's root, `a/`, `a/b/` and `a/b/c/` of `a/b/c`: a rule may match any of them. */
function foldersOf(name: string): string[] {
  const folders = [''];
  for (const segment of name.split('/')) folders.push(`${folders.at(-1)}${segment}/`);
  return folders;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

export function requestsForImageRecord(act: Act, target: Target): RequestVariant[] {
  const { imageRecord, state } = target.image;
  return requestsForDocument(act, imageRecord, { field: 'state', value: state }, target);
}

export function requestsForShareRecord(act: Act, target: Target): RequestVariant[] {
  const { shareRecord, imageId } = target.image;
  return requestsForDocument(act, shareRecord, { field: 'imageId', value: imageId }, target);
}

export function requestsForTokenRecord(act: Act, target: Target): RequestVariant[] {
  const { tokenRecord, owner } = target.image;
  return requestsForDocument(act, tokenRecord, { field: 'uid', value: owner.uid }, target);
}

function requestsForDocument(
  act: Act,
  path: string,
  { field, value }: { field: string; value: string },
  { stack, secrets }: Target,
): RequestVariant[] {
  const database = `projects/${stack.projectId}/databases/(default)/documents`;
  const root = `http://${stack.firestore}/v1/${database}`;
  const document = `${root}/${path}`;
  const collection = parentOf(path);
  const name = `${database}/${path}`;
  const fields = { [field]: { stringValue: value }, note: { stringValue: 'an attack' } };
  const post = (url: string, body: object): RequestVariant => {
    return { method: 'POST', url, headers: JSON_BODY, body: JSON.stringify(body) };
  };
  const commit = (write: object) => post(`${root}:commit`, { writes: [write] });
  const where = {
    fieldFilter: { field: { fieldPath: field }, op: 'EQUAL', value: { stringValue: value } },
  };
  // A collection at the root has no parent.
  const parent = collection.includes('/') ? parentOf(collection) : '';
  const collectionId = collection.slice(collection.lastIndexOf('/') + 1);

  switch (act) {
    case 'get':
      return [
        { method: 'GET', url: document },
        post(`${root}:batchGet`, { documents: [name] }),
        ...documentIds(secrets).map((id) => ({
          method: 'GET',
          url: `${root}/${collection}/${id}`,
        })),
      ];
    case 'list':
      return [{ method: 'GET', url: `${root}/${collection}` }];
    case 'create': {
      const id = newImageId();
      return [
        post(`${root}/${collection}?documentId=${id}`, { fields }),
        commit({
          update: { name: `${database}/${collection}/${id}-2`, fields },
          currentDocument: { exists: false },
        }),
      ];
    }
    case 'overwrite': {
      const body = JSON.stringify({ fields });
      return [
        { method: 'PATCH', url: document, headers: JSON_BODY, body },
        {
          method: 'PATCH',
          url: `${document}?updateMask.fieldPaths=note`,
          headers: JSON_BODY,
          body,
        },
        commit({ update: { name, fields } }),
      ];
    }
    case 'delete':
      return [{ method: 'DELETE', url: document }, commit({ delete: name })];
    case 'query': {
      const structuredQuery = { from: [{ collectionId }], where };
      const parentUrl = parent === '' ? root : `${root}/${parent}`;
      const aggregations = [{ alias: 'all', count: {} }];
      return [
        post(`${parentUrl}:runQuery`, { structuredQuery }),
        post(`${parentUrl}:runAggregationQuery`, {
          structuredAggregationQuery: { structuredQuery, aggregations },
        }),
      ];
    }
    case 'collection-group query': {
      const from = [{ collectionId, allDescendants: true }];
      return [
        post(`${root}:runQuery`, { structuredQuery: { from } }),
        post(`${root}:runQuery`, { structuredQuery: { from, where } }),
      ];
    }
    case 'getMetadata':
    case 'download by token':
    case 'update metadata':
      return [];
  }
}

/** The public token and its hash, as document ids. */
function documentIds({ publicToken }: Secrets): string[] {
  return publicToken === undefined ? [] : [publicToken, hashToken(publicToken)];
}
