/**
 * Makes download tokens behave as in production:
 * - An admin can remove them. In production they are custom metadata, and an update replaces that key;
 *   the emulator only adds tokens.
 * - A client cannot set one. Production rejects the request ("Not allowed to set custom metadata for
 *   firebaseStorageDownloadTokens"); here the client's value is ignored.
 */
import { loadModule, prototypeOf, replace } from './patch.js';

const KEY = 'firebaseStorageDownloadTokens';

interface Upload {
  metadata?: { metadata?: Record<string, unknown> | null };
}

/** Patches the metadata updates of the Storage emulator and the uploads of its client API. */
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
      const clientUploadService = Object.create(uploadService) as Record<string, unknown>;
      for (const method of ['multipartUpload', 'startResumableUpload']) {
        replace(
          clientUploadService,
          method,
          (upload) =>
            function withoutToken(this: unknown, request) {
              delete (request as Upload).metadata?.metadata?.[KEY];
              return upload.call(this, request);
            },
        );
      }
      const properties = { uploadService: { value: clientUploadService } };
      return original(Object.create(emulator as object, properties));
    },
  );
}
