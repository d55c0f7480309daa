/** `.local/stack.json`: where a running stack can be reached, for any other tool. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeJson, type StackInfo } from './project.js';

function stackFile(root: string): string {
  return join(root, '.local', 'stack.json');
}

/**
 * Writes the file unless it tells of another stack that still answers.
 * @returns takes the file away again
 */
export async function publishStack(root: string, info: StackInfo): Promise<() => void> {
  const file = stackFile(root);
  const before = readStack(file);
  if (before !== undefined && before.pid !== info.pid && (await answers(before))) return () => {};
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
    // Half a file of a process that died: as good as none.
    return undefined;
  }
}

/** Asked at its port: the number of a process that died may be another's by now. */
async function answers({ projectId, functions, serve }: StackInfo): Promise<boolean> {
  try {
    const response = await fetch(serve, { method: 'HEAD', signal: AbortSignal.timeout(2000) });
    return serve.includes(`${functions}/${projectId}/`) && response.status > 0;
  } catch {
    return false;
  }
}
