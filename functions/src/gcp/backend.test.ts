import { inMemoryBackend } from '../../test/gcp/in-memory-backend.js';
import { testBackendContract } from '../../test/gcp/backend-contract.js';

const backend = inMemoryBackend({ now: () => Date.now() });
let generation = 100;

testBackendContract('originals/', () => ({
  backend,
  put(name, data, hasDownloadToken) {
    generation += 1;
    backend.originals.set(name, { generation: String(generation), data, hasDownloadToken });
    return Promise.resolve(String(generation));
  },
  deleteToken(hash) {
    backend.tokens.delete(hash);
    return Promise.resolve();
  },
  deleteShare(uid, shareId) {
    backend.shareRecords.delete(`${uid}/${shareId}`);
    return Promise.resolve();
  },
  deleteImage({ uid, imageId }) {
    backend.images.delete(`users/${uid}/images/${imageId}`);
    return Promise.resolve();
  },
  putImage({ uid, imageId }, fields) {
    backend.images.set(`users/${uid}/images/${imageId}`, fields as never);
    return Promise.resolve();
  },
  boundMs: 60_000,
  copyToken(hash, copies, changes) {
    const token = backend.tokens.get(hash);
    if (token === undefined) throw new Error('expected a token record, found none');
    for (const copy of copies) {
      backend.tokens.set(copy, { ...token, kind: 'share', ...changes });
    }
    return Promise.resolve();
  },
}));
