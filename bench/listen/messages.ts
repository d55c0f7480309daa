/** Messages between the benchmark and its child processes. */

export type ClientsRequest =
  | { kind: 'open'; count: number; writes: number }
  | { kind: 'close' }
  | { kind: 'report'; writes: number };

export interface ClientsReport {
  medianMs: number;
  p95Ms: number;
  maxMs: number;
  /** Changes that did not arrive, of all listeners. */
  missed: number;
  /** Changes that arrived more than once, of all listeners. */
  doubled: number;
  /** Why streams have ended. */
  ended: string[];
  cpuSeconds: number;
}
