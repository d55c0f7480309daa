/** `npm run test:reference`: see tools/dev/reference/main.ts. */
import { runMain, runTool } from './run-tool.mjs';
import { root } from './setup.mjs';

await runTool(
  () => runMain('.local/build/tools/dev/reference/main.js', process.argv.slice(2), root),
  // 1 means that an answer differs.
  { failureCode: 2 },
);
