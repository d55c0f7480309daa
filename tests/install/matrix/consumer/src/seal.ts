import { variantUrl } from 'storage-public-variants-client';
import { canSeal, seal, type SealPublicKeys } from 'storage-public-variants-client/seal';

export async function link(token: string, publicKeys: SealPublicKeys): Promise<string> {
  if (!(await canSeal())) throw new Error('not supported');
  const expiresAt = new Date();
  return variantUrl('/i', await seal({ token, publicKeys, expiresAt, maxWidth: 800 }), 'w800');
}

// @ts-expect-error: the public keys are missing
export const wrong = seal({ token: 'spv_x' });
