/** Calls of callable functions, without the client SDK: https://firebase.google.com/docs/functions/callable-reference */
import type { StackInfo } from '../../tools/dev/stack/project.js';

export interface CallableResponse {
  /** HTTP status. */
  status: number;
  result?: Record<string, unknown>;
  error?: { status: string; message: string; details?: Record<string, unknown> };
}

/**
 * Calls a callable function of the stack.
 *
 * @param idToken of the caller; undefined for a caller who is signed out
 */
export async function callFunction(
  { stack }: { stack: Pick<StackInfo, 'serve'> },
  name: string,
  data: object,
  idToken: string | undefined,
): Promise<CallableResponse> {
  const response = await fetch(stack.serve.replace(/serve$/, name), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(idToken !== undefined && { authorization: `Bearer ${idToken}` }),
    },
    body: JSON.stringify({ data }),
  });
  return { status: response.status, ...((await response.json()) as object) };
}
