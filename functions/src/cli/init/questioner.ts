import type { Terminal } from '../terminal.js';
import type { Arguments } from './arguments.js';
import type { FirebaseProject } from './project.js';

/** What is needed to answer a question. */
export interface Questioner {
  project: FirebaseProject;
  args: Arguments;
  /** Absent if nothing may be asked. */
  ask?: Terminal['ask'];
}
