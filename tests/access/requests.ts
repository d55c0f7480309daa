/** The requests that an act can be tried with. */
import { newImageId } from '../../packages/client/src/index.js';
import { hashToken, mintToken } from '../../functions/src/domain/token.js';
import type { Question } from '../support/request.js';
import type { TestStack } from '../support/stack.js';
import type { Image } from './fixture.js';
import type { Act } from './table.js';

/** One request; what signs it comes later. */
export type RequestVariant = Question;

/** What an actor knows, beside the names and ids that everybody knows. */
export interface Secrets {
  publicToken?: string;
  downloadToken?: string;
  /** Also tries names as addresses of the serve function. */
  triesNames?: boolean;
}

/** Where an act is aimed at. */
export interface Target {
  stack: TestStack;
  image: Image;
  secrets: Secrets;
}

const JPEG = { 'content-type': 'image/jpeg' };
const JSON_BODY = { 'content-type': 'application/json' };

/** Ways to an original. */
export function waysToOriginal(act: Act, target: Target): RequestVariant[] {
  return waysToObject(act, target.image.original, target);
}

/** Ways to a rendition: those to any object, and the address that the public token is for. */
export function waysToRendition(act: Act, target: Target): RequestVariant[] {
  const { stack, image, secrets } = target;
  const ways = waysToObject(act, image.rendition, target);
  const { publicToken } = secrets;
  if (act === 'get' && publicToken === image.publicToken) {
    ways.push({ method: 'GET', url: `${stack.serve}/${publicToken}/w800.webp` });
  }
  return ways;
}

function waysToObject(act: Act, name: string, { stack, secrets }: Target): RequestVariant[] {
  const objects = `http://${stack.storage}/v0/b/${stack.bucket}/o`;
  const object = `${objects}/${encodeURIComponent(name)}`;
  const media = `${object}?alt=media`;
  const upload = (to: string): RequestVariant => {
    const url = `${objects}?uploadType=media&name=${encodeURIComponent(to)}`;
    return { method: 'POST', url, headers: JPEG, body: 'an attack' };
  };
  switch (act) {
    case 'get':
      return [{ method: 'GET', url: media }, ...waysThroughServe(name, stack, secrets)];
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

/** Everybody tries an empty one and a guess. */
function downloadTokens({ publicToken, downloadToken }: Secrets): string[] {
  const tokens = ['', crypto.randomUUID()];
  if (publicToken !== undefined) tokens.push(publicToken, hashToken(publicToken));
  if (downloadToken !== undefined) tokens.push(downloadToken);
  return tokens;
}

/** An object's name, as it is and in disguises, after a token and without. */
function waysThroughServe(name: string, { serve }: TestStack, secrets: Secrets): RequestVariant[] {
  const { publicToken, triesNames } = secrets;
  const escaped = encodeURIComponent(name);
  const tails = [name, escaped, `../../${name}`, `..%2F..%2F${escaped}`, `%2e%2e/${name}`];
  const heads = [
    ...(publicToken === undefined ? [] : [publicToken]),
    ...(triesNames ? ['x', mintToken()] : []),
  ];
  return heads.flatMap((head) =>
    tails.map((tail) => ({ method: 'GET', url: `${serve}/${head}/${tail}` })),
  );
}

/** The whole bucket, `a/`, `a/b/` and `a/b/c/` of `a/b/c`: a rule may be about any of them. */
function foldersOf(name: string): string[] {
  const folders = [''];
  for (const segment of name.split('/')) folders.push(`${folders.at(-1)}${segment}/`);
  return folders;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** Ways to an image record. */
export function waysToImageRecord(act: Act, target: Target): RequestVariant[] {
  const { imageRecord, state } = target.image;
  return waysToDocument(act, imageRecord, { field: 'state', value: state }, target);
}

/** Ways to a token record. */
export function waysToTokenRecord(act: Act, target: Target): RequestVariant[] {
  const { tokenRecord, owner } = target.image;
  return waysToDocument(act, tokenRecord, { field: 'uid', value: owner.uid }, target);
}

function waysToDocument(
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
  const [, parent = '', collectionId] = /^(.*?)\/?([^/]+)$/.exec(collection) ?? [];

  switch (act) {
    case 'get':
      return [
        { method: 'GET', url: document },
        post(`${root}:batchGet`, { documents: [name] }),
        ...idsFrom(secrets).map((id) => ({ method: 'GET', url: `${root}/${collection}/${id}` })),
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
      const under = parent === '' ? root : `${root}/${parent}`;
      const aggregations = [{ alias: 'all', count: {} }];
      return [
        post(`${under}:runQuery`, { structuredQuery }),
        post(`${under}:runAggregationQuery`, {
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

/** A public token, and what it is hashed to, as ids of documents. */
function idsFrom({ publicToken }: Secrets): string[] {
  return publicToken === undefined ? [] : [publicToken, hashToken(publicToken)];
}
