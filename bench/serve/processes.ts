/** Child processes of a benchmark: they reply to messages and exit with the parent. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { StackInfo } from '../../tools/dev/stack/project.js';
import { emulatorEnvironment } from '../../tools/dev/stack/stack-context.js';
import type { BackendCounts } from './backend.js';
import type { Kind, Usage } from './measured.js';

export interface Running {
  pid: number;
  port: number;
  /** Sends a message. @returns the reply */
  send: <T>(message: unknown) => Promise<T>;
  /** What the process has written to stderr. */
  errors: () => string;
  stop: () => void;
}

async function start(
  file: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  flags: readonly string[] = [],
): Promise<Running> {
  const child: ChildProcess = fork(join(__dirname, file), args, {
    env: { ...process.env, ...env },
    execArgv: ['--expose-gc', ...flags],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
    process.stderr.write(text);
  });
  const nextMessage = async <T>() => ((await once(child, 'message')) as [T])[0];
  const send = async <T>(message: unknown): Promise<T> => {
    const reply = nextMessage<T>();
    child.send(message as object);
    return reply;
  };
  const port = await nextMessage<number>();
  return {
    pid: child.pid as number,
    port,
    send,
    errors: () => errors,
    stop: () => void child.kill(),
  };
}

export const startBackend = (root: string) => start('backend.js', [root], {});

/** @param parameters of the functions, in addition to the defaults */
export function startMeasured(
  kind: Kind,
  root: string,
  backend: Running,
  parameters: Record<string, string> = {},
): Promise<Running> {
  const host = `127.0.0.1:${backend.port}`;
  return start('measured.js', [kind, root], {
    FUNCTION_TARGET: 'serve',
    BUCKET: 'bench',
    GCLOUD_PROJECT: 'demo-bench',
    FIRESTORE_EMULATOR_HOST: host,
    STORAGE_EMULATOR_HOST: `http://${host}`,
    METADATA_SERVER_DETECTION: 'none',
    ...parameters,
  });
}

/**
 * The heap of a function with 512 MiB, MiB: Google's buildpack leaves 64 MiB to the rest (`getMaxOldSpaceSize` in
 * GoogleCloudPlatform/buildpacks, cmd/nodejs/functions_framework).
 */
const SERVE_HEAP_MIB = 448;

/** Starts `serve` on functions-framework, with the emulators of a local stack and the heap of production. */
export function startServe(
  root: string,
  stack: StackInfo,
  parameters: Record<string, string>,
): Promise<Running> {
  const environment = {
    FUNCTION_TARGET: 'serve',
    BUCKET: stack.bucket,
    GCLOUD_PROJECT: stack.projectId,
    ...emulatorEnvironment(stack),
    ...parameters,
  };
  const flags = [`--max-old-space-size=${SERVE_HEAP_MIB}`];
  return start('measured.js', ['serve', root], environment, flags);
}

export const usageOf = (running: Running) => running.send<Usage>('usage');
export const countsOf = (backend: Running) => backend.send<BackendCounts>('counts');
