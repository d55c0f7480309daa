/**
 * The entry point of the deployed functions. An instance runs one function; an instance of `serve` loads only
 * what requests need, because a user waits for its cold start. The CLI, and instances of other functions, load
 * functions.ts.
 */
import type * as BodyLimit from './body-limit.js';
import type * as Functions from './functions.js';
import type * as ServeEntry from './serve-entry.js';

/* eslint-disable @typescript-eslint/no-require-imports -- an import would load both */
function loadFunctions(): Partial<typeof Functions> {
  // Set by Cloud Run functions and by the emulator: the name of the export that this instance runs.
  const target = process.env['FUNCTION_TARGET'];
  if (target === 'serve') {
    const { handleRequest, loadHandler, refuseBodies } =
      require('./serve-entry.js') as typeof ServeEntry;
    refuseBodies();
    void loadHandler();
    return { serve: handleRequest as typeof Functions.serve };
  }
  const functions = require('./functions.js') as typeof Functions;
  if (target !== undefined && Object.hasOwn(functions, target)) {
    const { CALL_LIMIT, limitRequestBodies, PRIVATE_LIMIT } =
      require('./body-limit.js') as typeof BodyLimit;
    const { __endpoint } = functions[target as keyof typeof Functions];
    limitRequestBodies(__endpoint.callableTrigger ? CALL_LIMIT : PRIVATE_LIMIT);
  }
  return functions;
}

declare const backfill: never, cleanup: never, deleteUserImages: never, metadataUpdated: never;
declare const originalArchived: never, originalDeleted: never, originalFinalized: never;
declare const processImage: never, purge: never, resize: never, serve: never, sharing: never;
declare const startBackfill: never;
// Never runs: Node.js finds the names that ES modules can import in this text.
// eslint-disable-next-line no-constant-binary-expression, @typescript-eslint/no-unused-expressions
0 &&
  (module.exports = {
    backfill,
    cleanup,
    deleteUserImages,
    metadataUpdated,
    originalArchived,
    originalDeleted,
    originalFinalized,
    processImage,
    purge,
    resize,
    serve,
    sharing,
    startBackfill,
  });

export = loadFunctions();
