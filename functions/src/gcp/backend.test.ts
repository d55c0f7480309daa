import { fakeLibrary } from '../../test/gcp/in-memory-backend.js';
import { itIsALibrary } from '../../test/gcp/backend-contract.js';

const library = fakeLibrary({ now: () => Date.now() });
let generation = 100;

itIsALibrary('originals/', () => ({
  library,
  put(name, data, isOpen) {
    generation += 1;
    library.originals.set(name, { generation: String(generation), data, locked: !isOpen });
    return Promise.resolve(String(generation));
  },
  deleteToken(hash) {
    library.tokens.delete(hash);
    return Promise.resolve();
  },
  deleteImage({ uid, imageId }) {
    library.images.delete(`users/${uid}/images/${imageId}`);
    return Promise.resolve();
  },
  putImage({ uid, imageId }, fields) {
    library.images.set(`users/${uid}/images/${imageId}`, fields as never);
    return Promise.resolve();
  },
  copyToken(hash, copies, changes) {
    const token = library.tokens.get(hash);
    if (token === undefined) throw new Error('expected a token record, found none');
    for (const copy of copies) {
      library.tokens.set(copy, { ...token, kind: 'share', ...changes });
    }
    return Promise.resolve();
  },
}));
