/** Closes `serve` to all but the edge: EDGE_KEY_HASHES. */
import { hashEdgeKey } from '../domain/edge-key.js';
import { isTooLong } from './length-limits.js';

/** Request headers of the edge, named as Node names them. */
export interface EdgeHeaders {
  'x-edge-key'?: string | string[] | undefined;
  /** Address of the visitor. Read only if requests without a key are refused. */
  'x-edge-client'?: string | string[] | undefined;
}

/** Whether a request may be answered. */
export type EdgeAccess = (headers: EdgeHeaders) => boolean;

/**
 * The hashes are compared, not the keys: the time that it takes says nothing about a key.
 * @param hashes of the keys; without any, every request is answered
 */
export function openEdgeAccess(hashes: readonly string[]): EdgeAccess {
  if (hashes.length === 0) return () => true;
  const known = new Set(hashes);
  return ({ 'x-edge-key': key }) =>
    typeof key === 'string' && !isTooLong('x-edge-key', key) && known.has(hashEdgeKey(key));
}
