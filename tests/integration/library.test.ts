/** The library on the local stack keeps the contract that its stand-in in memory keeps. */
import { parseConfig } from '../../functions/src/config/config.js';
import { itIsALibrary, type Subject } from '../../functions/src/library/library.contract.js';
import { openLibrary } from '../../functions/src/library/library.js';
import { closeProductsApp, Stage } from '../support/stack.js';

let stage: Stage;
let subject: Subject;

beforeAll(() => {
  stage = new Stage();
  const { bucket, projectId } = stage.stack;
  process.env['GCLOUD_PROJECT'] = projectId;
  // Beside the functions' own: they neither see these originals nor these records.
  const config = parseConfig({
    BUCKET: bucket,
    ORIGINALS_PATH: 'contract/{uid}/{imageId}',
    IMAGES_COLLECTION: 'contract/{uid}/contractImages',
    TOKENS_COLLECTION: 'contractTokens',
    JOBS_COLLECTION: 'contractJobs',
  });
  const tokens = stage.firestore.collection(config.tokensCollection);
  subject = {
    library: openLibrary(config, {}),
    async put(name, data, isOpen) {
      const file = stage.bucket.file(name);
      const metadata = isOpen ? { metadata: { firebaseStorageDownloadTokens: 'open' } } : {};
      await file.save(data, {
        resumable: false,
        metadata: { contentType: 'image/jpeg', ...metadata },
      });
      const [{ generation }] = await file.getMetadata();
      return String(generation);
    },
    async deleteToken(hash) {
      await tokens.doc(hash).delete();
    },
    async copyToken(hash, copies) {
      const record = { ...(await tokens.doc(hash).get()).data(), kind: 'share' };
      const writer = stage.firestore.bulkWriter();
      for (const copy of copies) void writer.set(tokens.doc(copy), record);
      await writer.close();
    },
  };
});

afterAll(async () => {
  await closeProductsApp();
  await stage.close();
});

itIsALibrary('contract/', () => subject);
