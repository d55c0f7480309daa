/** `.local/stack.json`: the addresses of the running stack, for other tools. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeJson, type StackInfo } from './project.js';

function stackFile(root: string): string {
  return join(root, '.local', 'stack.json');
}

/**
 * Writes the file, unless it describes another stack that is still running.
 * @returns a function that deletes the file
 */
export async function publishStack(root: string, info: StackInfo): Promise<() => void> {
  const file = stackFile(root);
  const previous = readStack(file);
  if (previous !== undefined && previous.pid !== info.pid && (await isRunning(previous))) {
    return () => {};
  }
  mkdirSync(dirname(file), { recursive: true });
  writeJson(file, info);
  return () => {
    if (readStack(file)?.pid === info.pid) rmSync(file, { force: true });
  };
}

function readStack(file: string): StackInfo | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as StackInfo;
  } catch {
    // An incomplete file of a process that died.
    return undefined;
  }
}

/** Sends a request: after a process died, its ID may belong to another process. */
async function isRunning({ projectId, functions, serve }: StackInfo): Promise<boolean> {
  try {
    const response = await fetch(serve, { method: 'HEAD', signal: AbortSignal.timeout(2000) });
    return serve.includes(`${functions}/${projectId}/`) && response.status > 0;
  } catch {
    return false;
  }
}
