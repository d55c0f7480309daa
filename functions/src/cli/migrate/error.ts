/** The command line, a file or the state of the project is not as `migrate` expects; the message is for the user. */
export class MigrateError extends Error {
  override readonly name = 'MigrateError';
}
