/** What a sealed link is made of; the entries `/seal` and `/admin` take the same. */

/** The content of `{base}/seal-keys.json`. Trust it like the code of your app: it decides who can open the links. */
export interface SealPublicKeys {
  /** The bucket of the originals. */
  audience: string;
  /** The first one is used. */
  keys: readonly {
    /** Key id, 0 to 255. */
    kid: number;
    /** X25519 public key, base64url. */
    key: string;
  }[];
}

/** Limits add to those of the token; nobody can remove them from a link. */
export interface SealOptions {
  /** A public token: the one of the image, or of a share. */
  token: string;
  publicKeys: SealPublicKeys;
  /** When the link ends, by the clock of the server and rounded down to seconds; absent: when its token ends. */
  expiresAt?: Date | undefined;
  /** The widest rendition that the link shows, pixels, up to 65,535. */
  maxWidth?: number | undefined;
  /** Names of the variants that the link shows, at most 255 characters with commas; absent: all. */
  variants?: readonly string[] | undefined;
}

/** The first second that a link can't have as its end. */
const END_OF_TIME = 2 ** 32;

/** @throws TypeError when `expiresAt` is no time that a link can have */
export function toGrant({ token, expiresAt, maxWidth, variants }: SealOptions): {
  token: string;
  notAfter?: number;
  maxWidth?: number | undefined;
  variants?: readonly string[] | undefined;
} {
  const grant = { token, maxWidth, variants };
  if (expiresAt === undefined) return grant;
  const notAfter = Math.floor(expiresAt.getTime() / 1000);
  if (notAfter >= 1 && notAfter < END_OF_TIME) return { ...grant, notAfter };
  throw new TypeError('expiresAt: expected a time from 1970 to 2106, found another one');
}
