/** What `migrate` needs of a real process: Google Cloud, an image decoder and a progress line. */
import { ssim } from '@blazediff/ssim';
import { doctorEnvironment, selectProject } from '../doctor/environment.js';
import type { Terminal } from '../terminal.js';
import type { MigrateEnvironment } from './command.js';

/** @param lib folder of the compiled functions */
export function migrateEnvironment(terminal: Terminal, lib: string): MigrateEnvironment {
  const { installation, ...shared } = doctorEnvironment(terminal, lib);
  return {
    ...shared,
    cwd: installation.cwd,
    packageFiles: installation.packageFiles,
    async openMigration(project) {
      selectProject(project);
      const { openMigration } = await import('../../gcp/migration.js');
      return openMigration(process.env);
    },
    async compare(expected, actual) {
      // sharp is loaded by this command only, and only to verify.
      const { toSameSize } = await import('../../processing/thumbnail-pixels.js');
      const [first, second] = await toSameSize(expected, actual);
      return ssim(first.data, second.data, undefined, first.width, first.height);
    },
  };
}
