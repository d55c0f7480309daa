/**
 * Download tokens as production has them: an admin can take them away (there they are custom metadata,
 * and what an update says of that key replaces them; the emulator only ever adds some), and no client
 * can choose one (there the request is refused, "Not allowed to set custom metadata for
 * firebaseStorageDownloadTokens"; here what the client says of it is dropped).
 */
import { loadModule, prototypeOf, replace } from './patch.js';

const KEY = 'firebaseStorageDownloadTokens';

interface Upload {
  metadata?: { metadata?: Record<string, unknown> | null };
}

/** Replaces how the storage emulator updates metadata, and how its client API begins an upload. */
export function patchDownloadTokens(): void {
  const metadata = prototypeOf(loadModule('emulator/storage/metadata'), 'StoredFileMetadata');
  replace(
    metadata,
    'update',
    (original) =>
      function update(this: unknown, incoming, ...rest) {
        const { metadata: custom } = incoming as { metadata?: object | null };
        if (custom === null || (custom !== undefined && KEY in custom)) {
          (this as { downloadTokens: string[] }).downloadTokens = [];
        }
        return original.call(this, incoming, ...rest);
      },
  );
  replace(
    loadModule('emulator/storage/apis/firebase'),
    'createFirebaseEndpoints',
    (original) => (emulator) => {
      const { uploadService } = emulator as { uploadService: object };
      const forClients = Object.create(uploadService) as Record<string, unknown>;
      for (const begin of ['multipartUpload', 'startResumableUpload']) {
        replace(
          forClients,
          begin,
          (upload) =>
            function withoutToken(this: unknown, request) {
              delete (request as Upload).metadata?.metadata?.[KEY];
              return upload.call(this, request);
            },
        );
      }
      const properties = { uploadService: { value: forClients } };
      return original(Object.create(emulator as object, properties));
    },
  );
}
