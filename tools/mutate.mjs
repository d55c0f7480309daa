/** `npm run test:mutate`: see packages/security-rules/src/tool/mutation.ts. */
import { runMain, runTool } from './run-tool.mjs';
import { root } from './setup.mjs';

await runTool(() => runMain('packages/security-rules/lib/tool/mutation.js', root));
