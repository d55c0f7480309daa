/** Runs one function of the built package as Cloud Run does: functions-framework in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ROOT } from '../support/stack.js';
import type { GoogleApis } from './google-apis.js';

const FRAMEWORK = join(ROOT, 'node_modules/@google-cloud/functions-framework/build/src/main.js');

export interface RunningFunction {
  port: number;
  /** `http://127.0.0.1:port`. */
  url: string;
  /** Resident memory of the process, bytes: now, and the most it ever had. Linux only. */
  memory(): { rss: number; peak: number };
  /** Output of the process so far. */
  readonly output: string;
  /** Whether the process has ended by itself. */
  readonly hasEnded: boolean;
  stop(): Promise<void>;
}

/**
 * Starts a function and waits until it accepts connections.
 * @param target name of the export, the value of FUNCTION_TARGET
 * @param apis what it reads from
 * @param parameters that differ from the defaults
 * @throws Error with the process's output when it ends before
 */
export async function startFunction(
  target: string,
  { host }: GoogleApis,
  parameters: Record<string, string> = {},
): Promise<RunningFunction> {
  const port = await findFreePort();
  const args = [FRAMEWORK, '--source', join(ROOT, 'functions'), '--target', target];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      FUNCTION_TARGET: target,
      FUNCTION_SIGNATURE_TYPE: 'http',
      PORT: String(port),
      BUCKET: 'demo-attack.appspot.com',
      GCLOUD_PROJECT: 'demo-attack',
      METADATA_SERVER_DETECTION: 'none',
      FIRESTORE_EMULATOR_HOST: host,
      STORAGE_EMULATOR_HOST: `http://${host}`,
      ...parameters,
    },
  });
  const ended = once(child, 'close');
  let output = '';
  const started = new Promise<void>((resolve, reject) => {
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes(`URL: http://localhost:${port}/`)) resolve();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    void ended.then(() => reject(new Error(`expected ${target} to start, found: ${output}`)));
  });
  await started;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    memory: () => readMemory(child.pid as number),
    get output() {
      return output;
    },
    get hasEnded() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function readMemory(pid: number): { rss: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytesOf = (name: string) =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
  return { rss: bytesOf('VmRSS'), peak: bytesOf('VmHWM') };
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
