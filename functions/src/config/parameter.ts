/** The columns of the parameter table. */

export interface ParameterOption {
  label: string;
  value: string;
}

export interface Parameter {
  label: string;
  /** Markdown. */
  description: string;
  /** A `secret` is kept in Secret Manager: no dotenv file has it, and only `serve` gets it. */
  type: 'string' | 'int' | 'boolean' | 'list' | 'secret';
  /** As in the environment. Empty when the platform or the functions determine it: see `defaultText`. */
  default: string;
  /**
   * What a new installation sets, where that differs from the default: an installation that has never set the
   * parameter keeps what it had.
   */
  initial?: string;
  /** What an empty default means. */
  defaultText?: string;
  example: string;
  /** What a valid value is; completes the sentence "Expected …". */
  expected: string;
  /**
   * RE2 expression with which installers reject most invalid input before a deploy. It accepts whatever
   * config.ts accepts, apart from unusual spellings such as surrounding spaces.
   */
  pattern?: string;
  /** Limits of an `int`, inclusive. */
  min?: number;
  max?: number;
  options?: readonly ParameterOption[];
  resource?: 'storage.googleapis.com/Bucket';
  /** Rarely changed: the extension's installer shows it only on request. */
  advanced?: true;
  /** A later change would orphan existing objects or records: the extension does not allow it. */
  immutable?: true;
  availableIn: 'kit' | 'extension' | 'both';
  /** What differs in extension.yaml. */
  extension?: { default?: string; options?: readonly ParameterOption[] };
}
