/** Replaces the rules runtime of the Storage emulator, a Java program, with firebase-rules-check. */
import {
  authOfToken,
  compileRules,
  describeWarning,
  fromJson,
  path as pathValue,
  RulesSyntaxError,
  type ClientAuth,
  type DocumentReader,
  type RulesMethod,
  type Ruleset,
  type RulesValue,
} from 'firebase-rules-check';
import type { OnDenied } from 'firebase-rules-check';
import { loadModule, prototypeOf, replace } from './patch.js';

/** The arguments of `StorageRulesetInstance.verify`. */
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

/**
 * Replaces `start`, `stop` and `loadRuleset` of `StorageRulesRuntime`.
 * @param reader returns the documents for `firestore.get` and `firestore.exists`; undefined while no
 *   Firestore emulator is running
 * @param onDenied called for each request that the rules deny
 */
export function replaceStorageRulesRuntime(
  reader: () => DocumentReader | undefined,
  onDenied?: OnDenied,
): void {
  const module = loadModule('emulator/storage/rules/runtime');
  const runtime = prototypeOf(module, 'StorageRulesRuntime');
  const IssuesClass = module['StorageRulesIssues'] as new (e?: string[], w?: string[]) => Issues;
  prototypeOf(module, 'StorageRulesIssues');
  replace(runtime, 'start', () => async () => {});
  replace(runtime, 'stop', () => async () => {});
  replace(runtime, 'loadRuleset', () => (source) => {
    const [file] = (source as { files: { name: string; content: string }[] }).files;
    try {
      if (!file) throw new Error('expected a file with Storage rules, found none');
      const ruleset = compileRules(file.content, file.name);
      return Promise.resolve({
        issues: new IssuesClass([], ruleset.warnings.map(describeWarning)),
        ruleset: toInstance(ruleset, file.name),
      });
    } catch (error) {
      if (!(error instanceof RulesSyntaxError)) throw error;
      return Promise.resolve({ issues: new IssuesClass([error.message]) });
    }
  });

  const toInstance = (ruleset: Ruleset, file: string) => ({
    rulesVersion: Number(ruleset.version),
    async verify(verify: VerifyOptions) {
      const segments = segmentsOf(verify.path);
      const documents = reader();
      const auth = verify.token === undefined ? undefined : authOfToken(verify.token);
      const access = {
        service: 'firebase.storage',
        method: verify.method,
        path: segments,
      } as const;
      const { allowed, tried } = await ruleset.evaluate({
        ...access,
        request: requestValue(verify, segments, auth),
        resource: fromJson(verify.file.before ?? null),
        ...(documents && { documents }),
      });
      if (!allowed) onDenied?.({ ...access, ...(auth && { uid: auth.uid }), file, tried });
      return { permitted: allowed, issues: new IssuesClass() };
    },
  });
}

/** Splits `/b/BUCKET/o/a/b`; the first slash is optional. Keeps empty segments of an object's name. */
function segmentsOf(path: string): string[] {
  return (path.startsWith('/') ? path.slice(1) : path).split('/');
}

function requestValue(
  verify: VerifyOptions,
  segments: string[],
  auth: ClientAuth | undefined,
): RulesValue {
  return fromJson({
    auth: auth ?? null,
    method: verify.method,
    path: pathValue(segments),
    resource: verify.file.after ?? null,
    time: new Date(),
  });
}
