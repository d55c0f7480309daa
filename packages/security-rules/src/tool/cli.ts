#!/usr/bin/env node
/** The command `firebase-rules-check`. */
import { main } from './main.js';

main(process.argv.slice(2), process.cwd()).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 2;
  },
);
