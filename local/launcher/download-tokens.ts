/**
 * Lets an admin take away an object's download tokens, as in production: there they are custom
 * metadata, and what an update says of that key replaces them. The emulator only ever adds some.
 */
import { loadModule, prototypeOf, replace } from './patch.js';

const KEY = 'firebaseStorageDownloadTokens';

/** Replaces how the storage emulator updates an object's metadata. */
export function mendDownloadTokens(): void {
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
}
