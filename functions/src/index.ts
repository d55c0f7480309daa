/**
 * The entry point of the deployed functions. An instance runs one function; an instance of `serve` loads only
 * what requests need, because a user waits for its cold start. The CLI, and instances of other functions, load
 * functions.ts.
 */
import type * as Functions from './functions.js';
import type * as ServeEntry from './serve-entry.js';

/* eslint-disable @typescript-eslint/no-require-imports -- an import would load both */
function loadFunctions(): Partial<typeof Functions> {
  // Set by Cloud Run functions: the name of the export that this instance runs.
  if (process.env['FUNCTION_TARGET'] !== 'serve') {
    return require('./functions.js') as typeof Functions;
  }
  const { handleRequest, loadHandler } = require('./serve-entry.js') as typeof ServeEntry;
  void loadHandler();
  return { serve: handleRequest as typeof Functions.serve };
}

export = loadFunctions();
