/** Asks the content filter, a function of the user's, about an upload. */
import type { Environment } from '../config/config.js';
import type { FilterConfig } from '../config/parse-filter.js';
import { within } from '../within.js';

/** What the filter is asked. It reads the object itself, with its own account. */
export interface FilterQuestion {
  uid: string;
  imageId: string;
  bucket: string;
  /** Object name of the original. */
  name: string;
  generation: string;
  /** As the client declared it. */
  contentType: string;
  bytes: number;
}

export const VERDICTS = ['allow', 'hold', 'reject'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** @throws Error without names in its message when there is no valid answer in time */
export type AskFilter = (question: FilterQuestion) => Promise<Verdict>;

/** The longest answer that is read, bytes. */
const MAX_ANSWER_BYTES = 4096;

class FilterError extends Error {
  override readonly name = 'FilterError';
  constructor(readonly code: string | number) {
    super(`The content filter: expected a verdict, found ${code}`);
  }
}

/**
 * @param environment usually `process.env`
 * @param identityToken gets an OIDC identity token for an audience; not called in the emulator
 */
export function openFilter(
  { url, timeoutSeconds }: FilterConfig,
  environment: Environment,
  identityToken: (audience: string) => Promise<string>,
): AskFilter {
  const isEmulator = environment['FUNCTIONS_EMULATOR'] === 'true';
  const { origin, pathname } = new URL(url);
  // Query parameters, which may be a secret, are no part of the audience.
  const audience = pathname === '/' ? origin : `${origin}${pathname}`;
  return async (question) => {
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    const token = isEmulator ? undefined : await within(signal, identityToken(audience));
    const response = await fetch(url, {
      method: 'POST',
      // Another address would get the identity token.
      redirect: 'error',
      signal,
      headers: {
        'Content-Type': 'application/json',
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(question),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new FilterError(response.status);
    }
    return toVerdict(await readText(response));
  };
}

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new FilterError('a long answer');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function toVerdict(text: string): Verdict {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new FilterError('no JSON');
  }
  const { verdict } = Object(answer) as { verdict?: unknown };
  const known = VERDICTS.find((one) => one === verdict);
  if (known === undefined) throw new FilterError('another answer');
  return known;
}
