/** The folders that a benchmark uses. */
export interface BenchPaths {
  /** The repository. */
  root: string;
  /** The folder for results. */
  out: string;
}
