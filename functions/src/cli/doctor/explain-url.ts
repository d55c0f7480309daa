/** `doctor --url`: why `serve` answers a URL as it does. To the public it gives the same 404 for every reason. */
import type { Config } from '../../config/config.js';
import { isSealed } from '../../domain/seal-codec.js';
import { TOKEN_LENGTH } from '../../domain/token-text.js';
import { hashToken, isToken } from '../../domain/token.js';
import type { Backend } from '../../gcp/backend.js';
import type { TokenAndImage } from '../../gcp/widths.js';
import { openRestrict } from '../../serve/restrict.js';
import { parseRoute, type Route } from '../../serve/route.js';
import { accessibleVariants, formatsOf, selectRendition } from '../../serve/select-rendition.js';
import type { ServableToken } from '../../serve/resolve.js';
import { UsageError } from './parameter-file.js';

/** What `serve` sends, and why. Names no token. */
export interface UrlExplanation {
  status: 200 | 400 | 404;
  reason: string;
  /** Path of the image record, if the token has one. */
  image?: string;
}

/** What a browser that supports all formats sends. */
const ACCEPT = 'image/avif,image/webp,image/*,*/*;q=0.8';
const FORMS = '…/{token}/{variant}, …/{token}?w={width} or …/{token}';

/**
 * Reads the token record and the image record, at most, of a URL.
 * @param url of an image, with any host and any path before the token
 * @param now milliseconds since 1970
 * @throws UsageError if the text is not a URL, or has a sealed link; errors of Firestore
 */
export async function explainUrl(
  url: string,
  config: Config,
  backend: Pick<Backend, 'widths'>,
  now: number,
): Promise<UrlExplanation> {
  const path = pathOf(url);
  const route = parseRoute(path);
  if (typeof route === 'string') return explainFailure(route, path);
  if (isSealed(route.token)) {
    throw new UsageError(
      '--url: expected a URL with a token, found a sealed link, which only the secret keys of the installation open: ' +
        'ask about the token that was sealed',
    );
  }
  const found = await backend.widths.find(hashToken(route.token));
  if (found === undefined) {
    return {
      status: 404,
      reason:
        'there is no such token: it was revoked or replaced, its image was deleted, or it is of another installation',
    };
  }
  const image = found.token.imagePath;
  const { token } = found;
  if (token.expiresAt !== undefined && token.expiresAt <= now) {
    const at = new Date(token.expiresAt).toISOString();
    return { status: 404, reason: `the share ended on ${at}`, image };
  }
  if (token.image === undefined) return { status: 404, reason: withoutRenditions(found), image };
  return { ...explainSelection(route, { ...token, image: token.image }, config, now), image };
}

/** @throws UsageError, which does not repeat the text: it may have a token */
function pathOf(url: string): string {
  try {
    const { pathname, search } = new URL(url);
    return pathname + search;
  } catch {
    throw new UsageError('--url: expected the URL of an image, beginning with http:// or https://');
  }
}

function explainFailure(
  route: 'seal-keys' | 'bad-request' | 'not-found',
  path: string,
): UrlExplanation {
  if (route === 'seal-keys') {
    return { status: 200, reason: 'these are the public keys of sealed links, not an image' };
  }
  if (route === 'bad-request') {
    return {
      status: 400,
      reason: 'expected w and dpr as positive numbers and f as webp, jpg or avif',
    };
  }
  const [pathname = ''] = path.split('?');
  const segments = pathname.split('/');
  const token = segments.find((segment) => /^sp[sv]_/.test(segment));
  if (token === undefined) return { status: 404, reason: `no token: expected ${FORMS}` };
  if (isToken(token) || isSealed(token)) {
    return { status: 404, reason: `what follows the token is no variant: expected ${FORMS}` };
  }
  return { status: 404, reason: malformed(token) };
}

function malformed(token: string): string {
  if (token.startsWith('sps_')) return 'the sealed link is malformed: it was cut off or changed';
  if (token.length === TOKEN_LENGTH) {
    return 'the checksum of the token is wrong: a character of it was changed';
  }
  return `the token is malformed: expected ${TOKEN_LENGTH} characters, found ${token.length}`;
}

/** Why a token shows nothing. */
function withoutRenditions({ image }: TokenAndImage): string {
  switch (image?.state) {
    case undefined:
      return 'the token has no image record: run this command with --fix instead of --url';
    case 'processing':
      return 'the image is being processed for the first time';
    case 'held':
      return 'the content filter holds the image until it is released';
    case 'failed':
      return `processing failed: ${image.error?.code ?? 'unknown'}`;
    case 'ready':
      return 'the image is ready, and its token has no renditions: run this command with --fix instead of --url';
  }
}

function explainSelection(
  route: Route,
  stored: ServableToken<number>,
  config: Config,
  now: number,
): UrlExplanation {
  const record = openRestrict(config)(stored);
  const unused = { used: 0, windowEnd: 0 };
  const lookup = { record, readAt: 0, usage: { reads: unused, bytes: unused } };
  const request = { headers: { accept: ACCEPT } };
  const selected = selectRendition({ lookup, route, request }, { config, now: () => now });
  if (selected?.kind === 'manifest') return { status: 200, reason: 'the manifest of the image' };
  if (selected !== undefined) {
    const { name, format, isRequested } = selected;
    const instead = isRequested ? '' : ', instead of what the URL names, which is not made yet';
    const closed = config.edgeKeyHashes.length > 0 ? ', to the edge alone (EDGE_KEY_HASHES)' : '';
    return { status: 200, reason: `${name} as ${format}${instead}${closed}` };
  }
  const variants = accessibleVariants(record);
  const names = variants.map(({ name }) => name).join(', ') || 'none';
  const named = variants.find(({ name }) => name === route.variant);
  if (named !== undefined) {
    const formats = formatsOf(named).join(', ') || 'none';
    return { status: 404, reason: `${named.name} has no ${route.format ?? ''}, but ${formats}` };
  }
  const exists = Object.hasOwn(stored.image.renditions, route.variant ?? '');
  const why = exists ? 'the token gives no access to this variant' : 'there is no such variant';
  return { status: 404, reason: `${why}: it shows ${names}` };
}
