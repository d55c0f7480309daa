/**
 * What is deployed. An instance runs one function, and one that is there for views is started while
 * somebody waits: it loads what a view needs. Whoever asks for all functions, as the CLI does, gets
 * them as doors.ts declares them.
 */
import type * as Doors from './functions.js';
import type * as View from './serve-entry.js';

/* eslint-disable @typescript-eslint/no-require-imports -- an import would load both */
function open(): Partial<typeof Doors> {
  // The platform's name for the export that this instance runs.
  if (process.env['FUNCTION_TARGET'] !== 'serve') return require('./functions.js') as typeof Doors;
  const { handleRequest, loadHandler } = require('./serve-entry.js') as typeof View;
  void loadHandler();
  return { serve: handleRequest as typeof Doors.serve };
}

export = open();
