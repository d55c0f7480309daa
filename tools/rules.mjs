/** `npm run rules`: sets up what is missing, then hands over to local/rules-tool. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setUp } from './setup.mjs';

try {
  setUp();
  const { main } = await import(
    pathToFileURL(join(root, 'packages', 'security-rules', 'lib', 'tool', 'main.js')).href
  );
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // Not 1, which says that a case did not come out as expected.
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
