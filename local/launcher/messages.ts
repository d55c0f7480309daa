/** What the launcher tells its parent while it starts, over the IPC channel. */
export type LauncherMessage =
  { kind: 'step'; name: string } | { kind: 'ready' } | { kind: 'problem'; message: string };

export function tellParent(message: LauncherMessage): void {
  process.send?.(message);
}
