/** `npm start`: sets up what is missing, then hands over to local/start. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, root, setUp } from './setup.mjs';

try {
  setUp();
} catch (error) {
  fail(error.message);
}
const { main } = await import(
  pathToFileURL(join(root, '.local', 'build', 'tools', 'start', 'main.js')).href
);
process.exitCode = await main(process.argv.slice(2), root);
