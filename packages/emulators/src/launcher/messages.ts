/** The launcher's options (environment variables) and its messages to the parent process (IPC). */

export interface LauncherOptions {
  /** Use Google's Firestore emulator and rules runtime, which need Java 21, instead of this package's. */
  official: boolean;
  /** Report for each denied request which `allow` statements were evaluated and why each was false. */
  explain: boolean;
  /** Absolute paths of folders that the launcher deletes when its parent process dies. */
  temporaryFolders?: readonly string[];
  /** Functions whose processes handle one request each, as instances with a concurrency of 1 do. */
  single?: SingleRequestFunctions;
  /** Send no requests to Google whatever the project's id, and configure emulators that firebase.json lacks. */
  offline?: OfflineOptions;
}

export interface OfflineOptions {
  /** Selectors as in `--only`. */
  emulators: readonly string[];
  /** Where `firebase emulators:export` looks for the stack: the system's folder for temporary files. */
  hubFolder: string;
}

export interface SingleRequestFunctions {
  /** Names, without region and prefix. */
  functions: readonly string[];
  /** Processes of each function at most. */
  processes: number;
}

/**
 * - `step`: an emulator is running.
 * - `ready`: all emulators are running.
 * - `problem`: the start failed.
 * - `denied`: the rules denied a request (only with `explain`).
 */
export type LauncherMessage =
  | { kind: 'step'; name: string }
  | { kind: 'ready' }
  | { kind: 'problem'; message: string }
  | { kind: 'denied'; explanation: string };

const NAMES = {
  official: 'LAUNCHER_OFFICIAL',
  explain: 'LAUNCHER_EXPLAIN',
  temporaryFolders: 'LAUNCHER_TEMPORARY_FOLDERS',
  single: 'LAUNCHER_SINGLE',
  offline: 'LAUNCHER_OFFLINE',
} as const;

/** Settings of the Firebase CLI itself. */
function cliEnvironment(): Record<string, string> {
  const experiments = process.env['FIREBASE_CLI_EXPERIMENTS'];
  return {
    FIREBASE_CLI_EXPERIMENTS: [experiments, 'kits'].filter(Boolean).join(','),
    // Reads the list of functions from a file; over HTTP the CLI waits 3 s for a connection.
    FIREBASE_FUNCTIONS_DISCOVERY_OUTPUT_PATH: 'true',
    // Does not search for Google's metadata server, and not for newer versions.
    METADATA_SERVER_DETECTION: 'none',
    NO_UPDATE_NOTIFIER: '1',
  };
}

/** Converts the options to environment variables for the launcher. */
export function toEnvironment(options: LauncherOptions): Record<string, string> {
  return {
    ...cliEnvironment(),
    [NAMES.official]: options.official ? '1' : '',
    [NAMES.explain]: options.explain ? '1' : '',
    [NAMES.temporaryFolders]: JSON.stringify(options.temporaryFolders ?? []),
    [NAMES.single]: options.single ? JSON.stringify(options.single) : '',
    [NAMES.offline]: options.offline ? JSON.stringify(options.offline) : '',
  };
}

/** Reads the options from the environment variables. */
export function readOptions(): LauncherOptions & { temporaryFolders: string[] } {
  const read = (name: string) => process.env[name] ?? '';
  const single = read(NAMES.single);
  const offline = read(NAMES.offline);
  return {
    official: read(NAMES.official) !== '',
    explain: read(NAMES.explain) !== '',
    temporaryFolders: JSON.parse(read(NAMES.temporaryFolders) || '[]') as string[],
    ...(single !== '' && { single: JSON.parse(single) as SingleRequestFunctions }),
    ...(offline !== '' && { offline: JSON.parse(offline) as OfflineOptions }),
  };
}

/** Sends a message to the parent process; does nothing without an IPC channel. */
export function sendToParent(message: LauncherMessage): void {
  process.send?.(message);
}
