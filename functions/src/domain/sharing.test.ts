import type { ShareRecord } from './records.js';
import { deadBy, findShareFaults, revokeShare, updateShare, type ShareChanges } from './sharing.js';

const SECOND = 1000;
const HASH = 'hash';
const TOKENS = new Map([[HASH, { kind: 'share' as const }]]);

function shareAt(times: Partial<ShareRecord<number>> = {}): ShareRecord<number> {
  const fields = { imageId: 'cat', state: 'active' as const, tokenHash: HASH };
  return { ...fields, createdAt: 0, updatedAt: 0, ...times };
}

/** At a time in seconds, with a bound of 60 seconds. @returns `deadBy` in seconds */
function changedAt(at: number, changes: ShareChanges, share = shareAt()): number | undefined {
  const context = { clock: at * SECOND, revocationSeconds: 60, variantsBucket: 'b' };
  const end = updateShare('id', changes, share, TOKENS, context).deadBy;
  return end === undefined ? undefined : end / SECOND;
}

function revokedAt(at: number, share: ShareRecord<number>): number {
  const context = { clock: at * SECOND, revocationSeconds: 60, variantsBucket: 'b' };
  const revoked = { ...revokeShare('id', share, context).share, revokedAt: at * SECOND };
  return deadBy(revoked as ShareRecord<number>) / SECOND;
}

describe('deadBy', () => {
  test('a share that was narrowed: after the bound, or at its expiry', () => {
    expect(changedAt(100, { variants: ['w8'] })).toBe(160);
    expect(changedAt(100, { variants: ['w8'] }, shareAt({ expiresAt: 130 * SECOND }))).toBe(130);
  });

  test('an earlier expiry: what was cached before ends after the bound', () => {
    expect(changedAt(100, { expiresIn: 70 })).toBe(170);
    expect(changedAt(100, { expiresIn: 60 }, shareAt({ expiresAt: 10_000 * SECOND }))).toBe(160);
    expect(changedAt(100, { expiresIn: 70 }, shareAt({ expiresAt: 120 * SECOND }))).toBeUndefined();
  });

  test('a change within the bound of another change: responses may have any earlier expiry', () => {
    const shortened = shareAt({ updatedAt: 100 * SECOND, expiresAt: 110 * SECOND });
    expect(changedAt(101, { variants: ['w8'] }, shortened)).toBe(160);
    expect(changedAt(101, { expiresIn: 20 }, shortened)).toBe(160);
    expect(revokedAt(101, shortened)).toBe(161);
    expect(changedAt(101, { label: 'Anna' }, shortened)).toBeUndefined();
  });

  test('a share that is revoked: after the bound, or at its expiry if that is earlier', () => {
    expect(revokedAt(100, shareAt())).toBe(160);
    expect(revokedAt(100, shareAt({ expiresAt: 130 * SECOND }))).toBe(130);
    expect(revokedAt(100, shareAt({ expiresAt: 130 * SECOND, updatedAt: 10 * SECOND }))).toBe(130);
  });
});

test('findShareFaults: active shares without token record, share tokens without active share', () => {
  const shares = new Map([
    ['healthy', shareAt()],
    ['dead', shareAt({ tokenHash: 'gone' })],
    ['expired', shareAt({ tokenHash: 'deleted', expiresAt: 10 })],
  ]);
  const tokens = new Map([
    [HASH, { kind: 'share' as const, shareId: 'healthy' }],
    ['lost', { kind: 'share' as const, shareId: 'unknown' }],
    ['by hand', { kind: 'share' as const }],
    ['default', { kind: 'default' as const }],
  ]);
  expect(findShareFaults(shares, tokens, 10)).toEqual({
    sharesWithoutToken: ['dead'],
    tokensWithoutShare: ['lost'],
  });
});
