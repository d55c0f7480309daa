export interface Places {
  /** The repository. */
  root: string;
  /** Where results are written. */
  out: string;
}
