/** The part of the model checker that is about shares: calls of the owner, and what must hold at every moment. */
import type { Owner } from '../../src/domain/path.js';
import type { ShareRecord } from '../../src/domain/records.js';
import { hashToken } from '../../src/domain/token.js';
import { assertThat, type State, type Subject } from './model-subject.js';
import type { Job, SharingCall } from './test-harness.js';

export class SharingModel {
  /** Calls that were answered, by action. */
  readonly answers = new Map<string, number>();
  /** Ids of shares that were active, and of those that a call may have revoked. */
  readonly #active = new Set<string>();
  readonly #mayBeRevoked = new Set<string>();
  readonly #names: readonly string[];
  #shares = 0;
  #hasRevokedAll = false;

  /** @param start starts a handler */
  constructor(
    readonly subject: Subject,
    readonly start: (job: Job) => void,
  ) {
    this.#names = [...subject.owners.keys()];
  }

  /** Counts a call that was answered, and not refused. @param result of its handler */
  count({ data }: SharingCall, result: unknown): void {
    if (typeof result !== 'object' || result === null || !('answer' in result)) return;
    const { action } = data as { action: string };
    this.answers.set(action, (this.answers.get(action) ?? 0) + 1);
  }

  /**
   * Every token belongs to its image record or to an active share; no share is lost, no revoked one returns.
   * @param revoked hashes of tokens; those of revoked shares are added
   * @param wasDeleted whether an original was ever deleted
   */
  check(
    { images, tokens, shares }: State,
    revoked: Set<string>,
    wasDeleted: (name: string) => boolean,
  ): void {
    const now = this.subject.now();
    for (const [id, share] of shares) {
      const isActive = share.state === 'active';
      if (isActive) this.#active.add(id);
      else revoked.add(share.tokenHash);
      assertThat(isActive || this.#mayBeRevoked.has(id), 'a share to be revoked by a call', id);
      const hasToken = tokens.has(share.tokenHash) || revoked.has(share.tokenHash);
      // `createShare` deletes token records of expired shares.
      const hasExpired = share.expiresAt !== undefined && share.expiresAt <= now;
      assertThat(hasToken || hasExpired, 'an active share to have a token record', id);
    }
    for (const id of this.#active) {
      if (shares.has(id)) continue;
      const name = this.#nameOfShare(id);
      assertThat(wasDeleted(name), 'a share to be kept', id);
      this.#active.delete(id);
    }
    const defaults = new Set([...images.values()].map(({ token }) => hashToken(token)));
    for (const [hash, token] of tokens) {
      const isKnown =
        token.kind === 'default'
          ? defaults.has(hash)
          : shares.get(token.shareId ?? '')?.tokenHash === hash;
      assertThat(isKnown, `a ${token.kind} token record to belong to a record`, hash);
      const share = shares.get(token.shareId ?? '');
      // On the stack, records of tokens are read as they are stored.
      if (share === undefined || !this.subject.checksEveryCall) continue;
      const isSame = permissionsOf(token) === permissionsOf(share);
      assertThat(isSame, `a share and its token to allow the same`, token.shareId);
    }
  }

  #nameOfShare(id: string): string {
    return this.#names[Number(/^model-share-(\d+)-/.exec(id)?.[1])] ?? '';
  }

  /** Starts a call of the owner. */
  call(data: object): void {
    const [{ uid }] = this.subject.owners.values() as Iterable<Owner> as [Owner];
    this.start({ kind: 'call', call: { uid, data } });
  }

  /** @param kind 0 to 19, of the call; `pick` of what it is about */
  async callAny(kind: number, pick: number, running: SharingCall[]): Promise<void> {
    if (kind < 8) this.share(pick, kind === 0, running);
    else if (kind < 12) await this.updateShare(pick);
    else if (kind < 15) await this.revokeShare(pick);
    else if (kind < 18) await this.rotate(this.#nameOf(pick));
    else await this.revokeAll(kind === 18 ? this.#nameOf(pick) : undefined);
  }

  /** @param index of the original; `isAgain` repeats the previous call; `running` calls may revoke the share */
  share(index: number, isAgain: boolean, running: SharingCall[]): void {
    const position = index % this.#names.length;
    const name = this.#nameOf(index);
    const { imageId } = this.subject.owners.get(name) as Owner;
    if (!isAgain) this.#shares += 1;
    const shareId = `model-share-${position}-${String(this.#shares).padStart(6, '0')}`;
    const isRevoking = [...this.subject.harness.calls, ...running].some(
      ({ data }) => (data as { action?: string }).action === 'revokeAll',
    );
    // On the stack, Firestore dates the shares; the time of the handlers, which dates their calls, is ahead of it.
    const isDatedElsewhere = this.#hasRevokedAll && !this.subject.checksEveryCall;
    if (isRevoking || isDatedElsewhere) this.#mayBeRevoked.add(shareId);
    const variants = this.#shares % 3 === 0 ? { variants: ['w40'] } : {};
    const expiresIn = this.#shares % 4 === 0 ? 600 : null;
    this.call({ action: 'createShare', imageId, shareId, expiresIn, ...variants });
  }

  async updateShare(pick: number): Promise<void> {
    const shareId = await this.#pickShare(pick);
    if (shareId === undefined) return;
    const variants = [undefined, ['w40'], null][pick % 3];
    const expiresIn = pick % 2 === 0 ? 900 : null;
    this.call({
      action: 'updateShare',
      shareId,
      expiresIn,
      ...(variants !== undefined && { variants }),
    });
  }

  async revokeShare(pick: number): Promise<void> {
    const shareId = await this.#pickShare(pick);
    if (shareId === undefined) return;
    this.#mayBeRevoked.add(shareId);
    this.call({ action: 'revokeShare', shareId });
  }

  async rotate(name: string): Promise<void> {
    const token = (await this.subject.readState()).images.get(name)?.token;
    const { imageId } = this.subject.owners.get(name) as Owner;
    if (token) this.call({ action: 'rotateToken', imageId, token });
  }

  /** @param pick chooses the point */
  setFocus(name: string, pick: number): void {
    const { imageId } = this.subject.owners.get(name) as Owner;
    const focus = pick % 5 === 0 ? null : { x: (pick % 5) / 10, y: 0.5 };
    this.call({ action: 'setFocus', imageId, focus });
  }

  /** @param name absent: all images of the owner */
  async revokeAll(name?: string): Promise<void> {
    this.#hasRevokedAll = true;
    // Any share that exists before the call ends may be revoked.
    for (let number = 0; number <= this.#shares; number++) {
      for (const position of this.#names.keys()) {
        const id = `model-share-${position}-${String(number).padStart(6, '0')}`;
        this.#mayBeRevoked.add(id);
      }
    }
    const scope = name ? { imageId: this.subject.owners.get(name)?.imageId } : { all: true };
    this.call({ action: 'revokeAll', ...scope });
    return Promise.resolve();
  }

  async #pickShare(pick: number): Promise<string | undefined> {
    const { shares } = await this.subject.readState();
    return [...shares.keys()].sort()[pick % Math.max(1, shares.size)];
  }

  #nameOf(index: number): string {
    return this.#names[index % this.#names.length] as string;
  }
}

function permissionsOf({
  variants,
  expiresAt,
}: Pick<ShareRecord<number>, 'variants' | 'expiresAt'>) {
  return JSON.stringify([variants, expiresAt]);
}
