/** `npm run test:mutate`: sets up what is missing, then hands over to local/rules-tool. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, root, setUp } from './setup.mjs';

try {
  setUp();
} catch (error) {
  fail(error.message);
}
const { main } = await import(
  pathToFileURL(join(root, 'packages', 'security-rules', 'lib', 'tool', 'mutation.js')).href
);
process.exitCode = await main(root);
