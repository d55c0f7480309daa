/** `npm run test:mutate`: see packages/security-rules/src/tool/mutation.ts. */
import { runMain, runTool } from './run-tool.mjs';
import { root } from './setup.mjs';

const FILES = [
  ['storage.rules', 'tests/rules/storage.cases.json'],
  ['firestore.rules', 'tests/rules/firestore.cases.json'],
];
const EXPLANATIONS = 'tests/rules/survivors.json';

await runTool(() =>
  runMain('packages/security-rules/lib/tool/mutation.js', root, FILES, EXPLANATIONS),
);
