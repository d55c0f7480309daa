/** `npm start`: see dev/start/main.ts. */
import { runMain, runTool } from './run-tool.mjs';
import { root } from './setup.mjs';

await runTool(() => runMain('.local/build/tools/dev/start/main.js', process.argv.slice(2), root));
