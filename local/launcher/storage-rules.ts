/** Stands in for the storage emulator's rules runtime, which is a Java program. */
import { readFileSync } from 'node:fs';
import {
  compileRules,
  fromJson,
  path as pathValue,
  RulesSyntaxError,
  type Decision,
  type DocumentReader,
  type RulesMethod,
  type Ruleset,
  type RulesValue,
} from '../rules/index.js';
import { loadModule, prototypeOf, replace } from './patch.js';

/** What firebase-tools hands to `StorageRulesetInstance.verify`. */
interface VerifyOptions {
  method: RulesMethod;
  path: string;
  file: { before?: object | null; after?: object | null };
  token?: string;
}

interface Issues {
  errors: string[];
  warnings: string[];
}

export interface StorageRulesOptions {
  /** What `firestore.get` and `firestore.exists` see. */
  documents: () => DocumentReader | undefined;
  /** Told of every refusal. */
  onDenied: (method: string, path: string, decision: Decision) => void;
}

/** Replaces `StorageRulesRuntime`'s start, stop and loadRuleset. */
export function replaceStorageRulesRuntime(options: StorageRulesOptions): void {
  const module = loadModule('emulator/storage/rules/runtime');
  const runtime = prototypeOf(module, 'StorageRulesRuntime');
  const IssuesClass = module['StorageRulesIssues'] as new (e?: string[], w?: string[]) => Issues;
  prototypeOf(module, 'StorageRulesIssues');
  replace(runtime, 'start', () => async () => {});
  replace(runtime, 'stop', () => async () => {});
  replace(runtime, 'loadRuleset', () => (source) => {
    const [file] = (source as { files: { name: string; content: string }[] }).files;
    try {
      if (!file) throw new Error('expected a file with storage rules, found none');
      const ruleset = compileRules(file.content, file.name);
      return Promise.resolve({ issues: new IssuesClass(), ruleset: instance(ruleset) });
    } catch (error) {
      if (!(error instanceof RulesSyntaxError)) throw error;
      return Promise.resolve({ issues: new IssuesClass([error.message]) });
    }
  });

  const instance = (ruleset: Ruleset) => ({
    rulesVersion: Number(ruleset.version),
    async verify(verify: VerifyOptions) {
      const segments = segmentsOf(verify.path);
      const documents = options.documents();
      const decision = await ruleset.evaluate({
        service: 'firebase.storage',
        method: verify.method,
        path: segments,
        request: requestValue(verify, segments),
        resource: fromJson(verify.file.before ?? null),
        ...(documents && { documents }),
      });
      if (!decision.allowed) options.onDenied(verify.method, verify.path, decision);
      return { permitted: decision.allowed, issues: new IssuesClass() };
    },
  });
}

/** `/b/BUCKET/o/a/b` or without its first slash. Empty segments of an object's name are kept. */
function segmentsOf(path: string): string[] {
  return (path.startsWith('/') ? path.slice(1) : path).split('/');
}

function requestValue(verify: VerifyOptions, segments: string[]): RulesValue {
  return fromJson({
    auth: authOf(verify.token),
    method: verify.method,
    path: pathValue(segments),
    resource: verify.file.after ?? null,
    time: new Date(),
  });
}

/** The auth emulator's tokens are unsigned: as in the official runtime, they are read and not verified. */
function authOf(token: string | undefined): object | null {
  const payload = token?.split('.')[1];
  if (payload === undefined) return null;
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
      user_id?: unknown;
      sub?: unknown;
    };
    return { uid: claims.user_id ?? claims.sub, token: claims };
  } catch {
    return null;
  }
}

/** A rules file, for those who load one themselves. */
export function readRules(file: string): { source: string; file: string } {
  return { source: readFileSync(file, 'utf8'), file };
}
