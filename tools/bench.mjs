/** `npm run bench -- COMMAND`: sets up what is missing, then hands over to bench/. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, root, setUp } from './setup.mjs';

try {
  setUp();
} catch (error) {
  fail(error.message);
}
const { main } = await import(
  pathToFileURL(join(root, '.local', 'build', 'bench', 'main.js')).href
);
try {
  process.exitCode = await main(process.argv.slice(2), root);
} catch (error) {
  fail(error.message);
}
