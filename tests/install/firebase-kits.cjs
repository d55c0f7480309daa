/**
 * `node firebase-kits.cjs PROJECT-ID install|uninstall OPTIONS-AS-JSON`: the code of `firebase functions:kits:…
 * --non-interactive --force` in the project of this folder, without the look-up of an account.
 */
const { Config } = require('firebase-tools/lib/config');
const { RC } = require('firebase-tools/lib/rc');
const { logger, useConsoleLoggers } = require('firebase-tools/lib/logger');
const { setNonInteractive } = require('firebase-tools/lib/prompt');

async function main([project, command, json]) {
  process.env.IS_FIREBASE_CLI = 'true';
  useConsoleLoggers();
  setNonInteractive(true);
  const options = {
    config: Config.load({ cwd: process.cwd() }),
    rc: RC.loadFile('.firebaserc'),
    project,
    projectId: project,
    nonInteractive: true,
    force: true,
    ...JSON.parse(json),
  };
  if (command === 'install') {
    const { installKitOrInstance } = require('firebase-tools/lib/functions/kits/install');
    await installKitOrInstance(options);
    return;
  }
  // Nothing is deployed: the deletion of functions is all that needs Google.
  require('firebase-tools/lib/deploy/functions/delete').deleteFunctionsByEndpointFilters = () =>
    Promise.resolve(0);
  const { command: uninstall } = require('firebase-tools/lib/commands/functions-kits-uninstall');
  await uninstall.actionFn(options);
}

main(process.argv.slice(2)).catch((error) => {
  logger.error(error.message);
  process.exitCode = 1;
});
