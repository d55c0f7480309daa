/** A user's Firebase project in a temporary folder, and a terminal that answers questions. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { init } from '../../../src/cli/init/command.js';
import type { Question, Terminal } from '../../../src/cli/terminal.js';

const ROOT = join(__dirname, '..', '..', '..', '..');

export const PACKAGE_FOLDER = join(ROOT, 'functions');

export interface Run {
  code: number;
  out: string;
  err: string;
  asked: Question[];
  /** Programs that were started, with their folders. */
  started: string[];
}

export interface RunOptions {
  /** Answers by the message of the question; the default otherwise. Absent: nobody answers. */
  answers?: Record<string, string>;
  /** What the user says to the changes. */
  confirm?: boolean;
  /** Folder in the project that the command is run in. */
  cwd?: string;
  /** Folder of the installed package. */
  packageFolder?: string;
  /** Exit code of npm; undefined: it can't be started. */
  npm?: number | undefined;
}

export class UserProject {
  readonly root = mkdtempSync(join(tmpdir(), 'user-project-'));

  constructor(files: Record<string, string>) {
    for (const [path, text] of Object.entries(files)) this.write(path, text);
  }

  write(path: string, text: string | Buffer): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  /** All files and their texts. */
  snapshot(): Record<string, string> {
    const entries = readdirSync(this.root, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return Object.fromEntries(
      files
        .map((file) => join(file.parentPath, file.name))
        .sort()
        .map((file) => [file.slice(this.root.length + 1), readFileSync(file, 'utf8')]),
    );
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  async init(args: string[], options: RunOptions = {}): Promise<Run> {
    const { answers, confirm = true } = options;
    const run: Run = { code: -1, out: '', err: '', asked: [], started: [] };
    const terminal: Terminal = {
      cwd: join(this.root, options.cwd ?? ''),
      env: {},
      isInteractive: answers !== undefined,
      out: (text) => void (run.out += text),
      err: (text) => void (run.err += text),
      ask: (question) => {
        run.asked.push(question);
        const answer = answers?.[question.message] ?? question.default;
        if (answer === undefined) throw new Error(`unexpected question: ${question.message}`);
        const problem = question.validate?.(answer);
        if (problem !== undefined) throw new Error(`refused answer: ${problem}`);
        return Promise.resolve(answer);
      },
      confirm: () => Promise.resolve(confirm),
      run: (program, args, cwd) => {
        run.started.push(`${[program, ...args].join(' ')} in ${cwd.slice(this.root.length + 1)}`);
        return Promise.resolve('npm' in options ? options.npm : 0);
      },
    };
    run.code = await init(args, terminal, {
      packageFolder: options.packageFolder ?? PACKAGE_FOLDER,
      templates: ROOT,
    });
    return run;
  }
}

/** Answers to all questions that have no default. */
export const FLAGS = [
  '--yes',
  '--bucket',
  'my-app.firebasestorage.app',
  '--region',
  'europe-west1',
];

export const FIREBASERC = '{ "projects": { "default": "my-app" } }\n';

export const TYPICAL: Record<string, string> = {
  '.firebaserc': FIREBASERC,
  'firebase.json': `{
  // The app.
  "functions": {
    "source": "functions", // code
    "runtime": "nodejs22"
  },
  "hosting": {
    "public": "public",
    "rewrites": [
      { "source": "**", "destination": "/index.html" }
    ]
  },
  "storage": { "rules": "storage.rules" },
  "firestore": {
    "rules": "firestore.rules",
    "indexes": "firestore.indexes.json"
  }
}
`,
  'storage.rules': `rules_version = '2';
service firebase.storage {
  match /b/{bucket}/o {
    match /avatars/{uid} {
      allow read: if true;
    }
  }
}
`,
  'firestore.rules': `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /posts/{id} {
      allow read: if true;
    }
  }
}
`,
  'firestore.indexes.json': '{\n  "indexes": [],\n  "fieldOverrides": []\n}\n',
};

/** Two codebases, two sites, two storage targets, two databases; rules in a folder. */
export const MONOREPO: Record<string, string> = {
  '.firebaserc': JSON.stringify({
    projects: { default: 'my-app', staging: 'my-app-staging' },
    targets: {
      'my-app': {
        hosting: { web: ['my-app-web'], admin: ['my-app-admin'] },
        storage: { uploads: ['my-app-uploads'], backups: ['my-app-backups'] },
      },
      'my-app-staging': {
        hosting: { web: ['my-app-staging'], admin: ['my-app-staging-admin'] },
        storage: { uploads: ['my-app-staging-uploads'], backups: ['my-app-staging-backups'] },
      },
    },
  }),
  'firebase.json': `{
\t"functions": [
\t\t{ "source": "apps/api", "codebase": "api" },
\t\t{ "source": "apps/jobs", "codebase": "jobs" }
\t],
\t"hosting": [
\t\t{ "target": "web", "public": "apps/web/dist" },
\t\t{ "target": "admin", "public": "apps/admin/dist" }
\t],
\t"storage": [
\t\t{ "target": "uploads", "rules": "rules/uploads.rules" },
\t\t{ "target": "backups", "rules": "rules/backups.rules" }
\t],
\t"firestore": [
\t\t{ "database": "analytics", "rules": "rules/analytics.rules" },
\t\t{ "database": "(default)", "rules": "rules/default.rules" }
\t]
}
`,
  'rules/uploads.rules': TYPICAL['storage.rules'] ?? '',
  'rules/backups.rules': TYPICAL['storage.rules'] ?? '',
  'rules/analytics.rules': TYPICAL['firestore.rules'] ?? '',
  'rules/default.rules': TYPICAL['firestore.rules'] ?? '',
};

export const MONOREPO_FLAGS = [
  '--yes',
  '--storage-target',
  'uploads',
  '--hosting-site',
  'web',
  '--region',
  'us-east1',
];
