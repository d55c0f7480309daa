/** What the launcher is told when it is started, and what it tells its parent over the IPC channel. */

/** In the launcher's environment. */
export interface LauncherOptions {
  /** Google's own Firestore emulator and rules runtime, which need Java 21, and no stand-ins. */
  official: boolean;
  /** Say of each denied request which `allow` statements were tried and why each was false. */
  explain: boolean;
}

export type LauncherMessage =
  | { kind: 'step'; name: string }
  | { kind: 'ready' }
  | { kind: 'problem'; message: string }
  | { kind: 'denied'; explanation: string };

const NAMES = { official: 'LAUNCHER_OFFICIAL', explain: 'LAUNCHER_EXPLAIN' } as const;

/** The options as variables of the environment. */
export function environmentOf(options: LauncherOptions): Record<string, string> {
  return {
    [NAMES.official]: options.official ? '1' : '',
    [NAMES.explain]: options.explain ? '1' : '',
  };
}

export function readOptions(): LauncherOptions {
  const isSet = (name: string) => (process.env[name] ?? '') !== '';
  return { official: isSet(NAMES.official), explain: isSet(NAMES.explain) };
}

export function tellParent(message: LauncherMessage): void {
  process.send?.(message);
}
