export interface BenchPaths {
  /** The repository. */
  root: string;
  /** The folder for results. */
  out: string;
}

/** The former name of BenchPaths. */
export type Places = BenchPaths;
