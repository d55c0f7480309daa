/** Finds what rules must allow and do not: the blocks of the product are missing, or changed too much. */
import type { RulesMethod, Ruleset, ServiceName } from 'firebase-rules-check';
import { ALLOWED, isAllowed, requestsOf, type OwnedThing } from './access.js';
import type { Exposure } from './exposure.js';
import { targetsOf, type ProtectedPaths, type Target } from './targets.js';
import { joined } from './wording.js';

const VERBS: Readonly<Record<RulesMethod, string>> = {
  get: 'read',
  list: 'list',
  create: 'upload',
  update: 'update',
  delete: 'delete',
};

/**
 * Finds what owners must be able to do and cannot, with any claims and any upload.
 * @returns at most one finding for each thing, at the start of the service
 */
export function findMissing(
  rules: Ruleset,
  { name: file, text }: { readonly name: string; readonly text: string },
  service: ServiceName,
  paths: ProtectedPaths,
  now: Date,
): Exposure[] {
  const findings: Exposure[] = [];
  for (const { actor, thing, methods } of ALLOWED) {
    const targets = targetsOf(service, paths).filter((target) => target.thing === thing);
    if (targets.length === 0) continue;
    const canSend = (target: Target, method: RulesMethod): boolean =>
      target.methods.includes(method) &&
      isAllowed(actor, target, method) &&
      requestsOf('owner with claims', target, method, now)
        .flatMap((request) => rules.possibilities(request))
        .some(({ possibility }) => possibility !== 'never');
    const denied = methods.filter((method) => !targets.some((target) => canSend(target, method)));
    if (denied.length === 0) continue;
    const message = sentence(thing, denied, paths);
    findings.push({ file, ...startOf(text, service), message });
  }
  return findings;
}

function sentence(
  thing: OwnedThing,
  denied: readonly RulesMethod[],
  paths: ProtectedPaths,
): string {
  const { originalsPath, imagesCollection, sharesCollection } = paths;
  const path = {
    originals: originalsPath.text,
    'image records': `${imagesCollection.text}/{imageId}`,
    'share records': `${sharesCollection.text}/{shareId}`,
  }[thing];
  return (
    `expected that owners can ${joined(denied.map((method) => VERBS[method]))} ${thing} (${path}), ` +
    `found no rule that allows it. Run \`npx storage-public-variants init\`, or add the block for ${thing}; ` +
    'if your instance has other paths, name its parameters with --params.'
  );
}

function startOf(text: string, service: ServiceName): { line: number; column: number } {
  const before = text.slice(0, Math.max(0, text.search(new RegExp(`service\\s+${service}\\b`))));
  const lines = before.split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
