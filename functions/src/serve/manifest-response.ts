/** The responses with JSON that `serve` itself makes: manifest and public keys. */
import { entityTag } from '../domain/entity-tag.js';
import type { RequestContext, ServeContext, ServeRequest } from './context.js';
import { jsonResponse, SEAL_KEYS_CACHE_CONTROL } from './json-response.js';
import { buildManifest } from './manifest.js';
import { refuse, type ServeResponse } from './refuse.js';
import { cacheControlOf, countBytes } from './respond.js';
import type { SelectedManifest } from './select-rendition.js';

/** Builds the response to a request for a manifest. */
export function manifestResponse(
  selected: SelectedManifest,
  { request, route }: RequestContext,
  context: ServeContext,
): ServeResponse {
  const { lookup } = selected;
  const body = JSON.stringify(
    buildManifest(route.token, lookup.record, context.config.publicBaseUrl),
  );
  const response = jsonResponse(
    body,
    entityTag(body),
    cacheControlOf(lookup, context),
    request,
    context,
  );
  if (response.status !== 200 || request.method === 'HEAD') return response;
  return countBytes(selected, Buffer.byteLength(body), context) ?? response;
}

/** Builds the response to `GET {base}/seal-keys.json`. Without SEALING_KEYS there is no such file. */
export function sealKeysResponse(request: ServeRequest, context: ServeContext): ServeResponse {
  const publicKeys = context.seals.publicKeys();
  if (publicKeys === undefined) return refuse('not-found', context);
  const body = JSON.stringify(publicKeys);
  return jsonResponse(body, entityTag(body), SEAL_KEYS_CACHE_CONTROL, request, context);
}
