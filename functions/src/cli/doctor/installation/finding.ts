/** What the checks of an installation report. */

/** `fault`: something does not work, or what must be private is not. `warning`: look at it. */
export type Level = 'ok' | 'warning' | 'fault';

export type CheckName =
  | 'functions'
  | 'events'
  | 'serve'
  | 'queues'
  | 'rules'
  | 'firestore'
  | 'bucket'
  | 'base URL'
  | 'probe';

export interface Finding {
  check: CheckName;
  level: Level;
  /** A sentence. */
  message: string;
  /** Commands that repair it, in order. */
  commands?: string[];
}

/** Makes the findings of one check. */
export interface Reporter {
  ok: (message: string) => Finding;
  warning: (message: string, ...commands: string[]) => Finding;
  fault: (message: string, ...commands: string[]) => Finding;
}

export function reporter(check: CheckName): Reporter {
  const make =
    (level: Level) =>
    (message: string, ...commands: string[]): Finding => ({
      check,
      level,
      message,
      ...(commands.length > 0 && { commands }),
    });
  return { ok: make('ok'), warning: make('warning'), fault: make('fault') };
}
