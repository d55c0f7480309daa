#!/usr/bin/env node
/** Starts the command `firebase-rules-check`. */
import { main } from './main.js';

main(process.argv.slice(2), process.cwd()).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    // Not 1: that is the exit code for a case with another decision than expected.
    process.exitCode = 2;
  },
);
