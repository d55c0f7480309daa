/** Runs the command of the Firebase CLI that process.argv names, as its `bin/cli` does. */
import { existsSync, unlinkSync } from 'node:fs';
import { loadModule } from './patch.js';

interface Logger {
  useFileLogger: () => string;
  useConsoleLoggers: () => void;
  logger: { debug: (...parts: unknown[]) => void };
}

/**
 * `bin/cli` also looks for newer versions, and loads what renders Markdown for its help.
 * The log file is kept if the command fails unexpectedly or with `--debug`.
 */
export function runCli(): void {
  const debug = process.argv.includes('--debug');
  if (debug) process.env['DEBUG'] ??= 'true';
  process.env['IS_FIREBASE_CLI'] = 'true';
  const { enableExperimentsFromCliEnvVariable: enableExperiments } = loadModule('experiments') as {
    enableExperimentsFromCliEnvVariable: () => void;
  };
  enableExperiments();
  const { useFileLogger, useConsoleLoggers, logger } = loadModule('logger') as unknown as Logger;
  const logFile = useFileLogger();
  useConsoleLoggers();
  logger.debug('Command:', process.argv.join(' '));
  process.on('exit', (code) => {
    const failed = Number(process.exitCode ?? code) >= 2;
    if (process.env['DEBUG'] === undefined && !failed && existsSync(logFile)) unlinkSync(logFile);
  });
  const { errorOut } = loadModule('errorOut') as { errorOut: (error: Error) => void };
  process.on('uncaughtException', errorOut);
  const { cli } = loadModule('index') as unknown as { cli: { parse: (argv: string[]) => void } };
  cli.parse(process.argv);
}
