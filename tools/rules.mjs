/** `npm run rules -- RULES CASES`: see packages/security-rules/src/tool/main.ts. */
import { runMain, runTool } from './run-tool.mjs';

await runTool(() => runMain('packages/security-rules/lib/tool/main.js', process.argv.slice(2)), {
  // 1 means that a case failed.
  failureCode: 2,
});
