/** A small Git repository in a temporary folder, with a script of tools/ in it. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from './documentation.js';

/** Independent of the Git configuration of the machine. */
const ENVIRONMENT = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'Author',
  GIT_AUTHOR_EMAIL: 'author@example.com',
  GIT_COMMITTER_NAME: 'Author',
  GIT_COMMITTER_EMAIL: 'author@example.com',
};

export class TemporaryRepository {
  readonly folder = mkdtempSync(join(tmpdir(), 'repository-'));

  /** @param original is cloned with its last commit only; without it the repository is new */
  constructor(original?: TemporaryRepository) {
    if (original === undefined) this.git('init', '--initial-branch', 'main');
    else this.git('clone', '--depth', '1', `file://${original.folder}`, '.');
    // Scripts load packages from the folder that they are in.
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'));
    this.write('.gitignore', 'node_modules\n');
  }

  /** Copies files of this repository. */
  copy(...files: string[]): void {
    for (const file of files) cpSync(join(ROOT, file), join(this.folder, file));
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.folder, file)), { recursive: true });
    writeFileSync(join(this.folder, file), text);
  }

  /** Commits everything, also nothing. */
  commit(message: string): void {
    this.git('add', '--all');
    this.git('commit', '--allow-empty', '--message', message);
  }

  git(...args: string[]): string {
    const { status, stdout, stderr } = this.#run('git', args);
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  run(script: string, ...args: string[]) {
    return this.#run(process.execPath, [join(this.folder, script), ...args]);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(program: string, args: string[]) {
    return spawnSync(program, args, { cwd: this.folder, encoding: 'utf8', env: ENVIRONMENT });
  }
}
