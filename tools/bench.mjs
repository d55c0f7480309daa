/** `npm run bench -- NAME`: see bench/main.ts. */
import { runMain, runTool } from './run-tool.mjs';
import { root } from './setup.mjs';

await runTool(() => runMain('.local/build/bench/main.js', process.argv.slice(2), root));
