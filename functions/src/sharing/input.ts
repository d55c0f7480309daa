/** Parses the input of the callable `sharing`. Anyone who is signed in may have written it. */
// As a namespace, of which a bundle holds only what is used.
import * as z from 'zod';
import { isDocumentId } from '../domain/path.js';
import { isToken } from '../domain/token.js';
import { MAX_VARIANTS } from '../domain/variant.js';
import { SharingFailure } from '../errors.js';

const MIN_SECONDS = 60;
/** Ten years. */
const MAX_SECONDS = 315_360_000;
const MAX_LABEL_CHARACTERS = 80;
const MAX_IMAGE_ID_CHARACTERS = 200;
/** Issues that an answer lists. */
const MAX_ISSUES = 20;

const imageId = z
  .string()
  .max(MAX_IMAGE_ID_CHARACTERS)
  .refine(isDocumentId, 'Expected the id of an image');
const shareId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{16,64}$/, 'Expected 16 to 64 characters of A-Z, a-z, 0-9, "_" and "-"')
  // Firestore reserves ids between two pairs of underscores.
  .refine(isDocumentId, 'Expected an id that is not reserved');
const expiresIn = z.int().min(MIN_SECONDS).max(MAX_SECONDS).nullable();
const label = z
  .string()
  .refine(
    (text) =>
      [...text].length <= MAX_LABEL_CHARACTERS && text.isWellFormed() && !/\p{Cc}/u.test(text),
    `Expected at most ${MAX_LABEL_CHARACTERS} characters, none of them a control character`,
  );
/** 0: the left or the top edge; 1: the right or the bottom one. */
const coordinate = z.number().min(0).max(1);
const variants = z.array(z.string()).min(1).max(MAX_VARIANTS);

const INPUT = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('createShare'),
    imageId,
    shareId,
    expiresIn,
    label: label.optional(),
    variants: variants.optional(),
    showOnce: z.boolean().optional(),
  }),
  z.strictObject({
    action: z.literal('updateShare'),
    shareId,
    expiresIn: expiresIn.optional(),
    label: label.optional(),
    variants: variants.nullable().optional(),
  }),
  z.strictObject({ action: z.literal('revokeShare'), shareId }),
  z.strictObject({
    action: z.literal('rotateToken'),
    imageId,
    token: z.string().refine(isToken, 'Expected a public token'),
  }),
  z.strictObject({
    action: z.literal('setFocus'),
    imageId,
    focus: z.strictObject({ x: coordinate, y: coordinate }).nullable(),
  }),
  z.strictObject({
    action: z.literal('revokeAll'),
    imageId: imageId.optional(),
    all: z.literal(true).optional(),
  }),
]);

export type SharingInput = z.infer<typeof INPUT>;

/** The parameters that limit what a call may ask for. */
export interface InputConfig {
  /** Absent: any name is accepted. A share serves only those that exist. */
  variants?: readonly { name: string }[];
  /** 0: any number, or never. */
  shareMaxDays: number;
}

/**
 * Parses the input of a call.
 * @throws SharingFailure `invalid-input` that lists every invalid field, `unknown-variant`, `expiry-too-long`
 */
export function parseSharingInput(
  data: unknown,
  { variants: configured, shareMaxDays }: InputConfig,
): SharingInput {
  const result = INPUT.safeParse(data);
  if (!result.success) {
    throw invalid(
      result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
    );
  }
  const input = result.data;
  if (input.action === 'updateShare') {
    const { expiresIn: seconds, label: text, variants: names } = input;
    if (seconds === undefined && text === undefined && names === undefined) {
      throw invalid([{ path: '', message: 'Expected at least one of expiresIn, label, variants' }]);
    }
  }
  if (input.action === 'revokeAll' && (input.imageId === undefined) === (input.all === undefined)) {
    throw invalid([{ path: '', message: 'Expected either imageId or all' }]);
  }
  if (configured && 'variants' in input && input.variants) {
    const known = new Set(configured.map(({ name }) => name));
    const unknown = input.variants.find((name) => !known.has(name));
    // The name is not repeated: it may have any length.
    if (unknown !== undefined) throw new SharingFailure('unknown-variant');
  }
  if ('expiresIn' in input && input.expiresIn !== undefined && shareMaxDays > 0) {
    const limit = shareMaxDays * 24 * 60 * 60;
    if (input.expiresIn === null || input.expiresIn > limit) {
      throw new SharingFailure('expiry-too-long', { limit });
    }
  }
  return input;
}

function invalid(issues: { path: string; message: string }[]): SharingFailure {
  // Paths hold field names of the caller's input: as many and as long as the caller likes.
  const listed = issues
    .slice(0, MAX_ISSUES)
    .map(({ path, message }) => ({ path: path.slice(0, 100), message: message.slice(0, 200) }));
  return new SharingFailure('invalid-input', { issues: listed });
}
