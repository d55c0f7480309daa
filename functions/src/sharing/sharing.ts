/** Handles the calls of `sharing`: an owner creates, changes and revokes the tokens of their own images. */
import {
  reasonOf,
  SHARING_FAILURES,
  SharingFailure,
  type SharingDetails,
  type SharingReason,
} from '../errors.js';
import { publish } from '../gcp/publish.js';
import type { SharingActionContext, SharingCallContext } from './context.js';
import { parseSharingInput, type SharingInput } from './input.js';
import { setFocus } from './set-focus.js';

/** Times are ISO 8601 texts, because a callable transports JSON. */
export type SharingAnswer =
  | { shareId: string; token?: string; expiresAt: string | null }
  | { shareId: string; expiresAt: string | null; deadBy?: string }
  | { shareId: string; revokedAt: string; deadBy: string }
  | { token: string; deadBy: string }
  | { shares: number; deadBy: string }
  | { queued: true };

/** The input of a call that is about tokens. */
export type TokenAction = Exclude<SharingInput, { action: 'setFocus' }>;

export interface SharingCallFailure {
  code: (typeof SHARING_FAILURES)[SharingReason]['code'];
  message: string;
  details: SharingDetails & { reason: SharingReason };
}

/**
 * Handles one call.
 * @param uid of the caller; every path is made from it, none from the input
 * @returns the answer, or the error of the callable protocol; it reveals nothing about other users
 */
export async function handleSharingCall(
  uid: string | undefined,
  data: unknown,
  context: SharingCallContext,
): Promise<{ answer: SharingAnswer } | { failure: SharingCallFailure }> {
  try {
    if (uid === undefined) throw new SharingFailure('not-signed-in');
    context.limit.count(uid);
    const input = parseSharingInput(data, context.config);
    const isFocus = input.action === 'setFocus';
    return {
      answer: isFocus
        ? await setFocus({ uid, imageId: input.imageId }, input.focus ?? undefined, context)
        : await runSharingAction(uid, input, context),
    };
  } catch (error) {
    if (!(error instanceof SharingFailure)) {
      context.log('ERROR', 'sharing failed', { reason: reasonOf(error) });
    }
    const failure =
      error instanceof SharingFailure
        ? error
        : new SharingFailure('unavailable', {}, { cause: error });
    const { code, publicMessage: message } = SHARING_FAILURES[failure.reason];
    return { failure: { code, message, details: { reason: failure.reason, ...failure.details } } };
  }
}

/**
 * Does what the input of a call asks for with tokens; the client package's entry for servers uses it without a call.
 * @throws SharingFailure, or an error of Firestore or Cloud Tasks
 */
export async function runSharingAction(
  uid: string,
  input: TokenAction,
  context: SharingActionContext,
): Promise<SharingAnswer> {
  const { backend, now } = context;
  const { shares, queues } = backend;
  switch (input.action) {
    case 'createShare': {
      const { imageId, shareId, expiresIn: seconds, label, variants, showOnce } = input;
      const { token, expiresAt } = await shares.create(uid, {
        imageId,
        shareId,
        expiresIn: seconds,
        ...(label !== undefined && { label }),
        ...(variants && { variants }),
        ...(showOnce !== undefined && { showOnce }),
      });
      return {
        shareId,
        ...(token !== undefined && { token }),
        expiresAt: toIsoOrNull(expiresAt),
      };
    }
    case 'updateShare': {
      const { shareId, expiresIn, label, variants } = input;
      const updated = await shares.update(uid, shareId, {
        ...(expiresIn !== undefined && { expiresIn }),
        ...(label !== undefined && { label }),
        ...(variants !== undefined && { variants }),
      });
      return {
        shareId,
        expiresAt: toIsoOrNull(updated.expiresAt),
        ...(updated.deadBy !== undefined && { deadBy: toIso(updated.deadBy) }),
      };
    }
    case 'revokeShare': {
      const { shareId } = input;
      const { imageId, revokedAt, deadBy } = await shares.revoke(uid, shareId);
      const data = { uid, imageId, tokens: 'share' as const, shareId };
      await publish({ name: 'onRevoked', data }, context);
      return { shareId, revokedAt: toIso(revokedAt), deadBy: toIso(deadBy) };
    }
    case 'rotateToken': {
      const owner = { uid, imageId: input.imageId };
      const { token, deadBy } = await shares.rotate(owner, input.token);
      await publish({ name: 'onRevoked', data: { ...owner, tokens: 'default' } }, context);
      return { token, deadBy: toIso(deadBy) };
    }
    case 'revokeAll': {
      if (input.imageId === undefined) {
        await queues.enqueuePurge({ uid, revokeBefore: now() });
        return { queued: true };
      }
      const owner = { uid, imageId: input.imageId };
      const revoked = await shares.revokeAll(owner, now());
      await publish({ name: 'onRevoked', data: { ...owner, tokens: 'all' } }, context);
      return { shares: revoked.shares, deadBy: toIso(revoked.deadBy) };
    }
  }
}

function toIso(time: number): string {
  return new Date(time).toISOString();
}

function toIsoOrNull(time: number | undefined): string | null {
  return time === undefined ? null : toIso(time);
}
