/** Checks that all functions of this version are deployed, active and of one deployment. */
import { toPrintable } from '../printable.js';
import { DECLARED, DECLARED_NAMES, type DeclaredName } from './declared.js';
import { reporter, type Finding } from './finding.js';
import { deployCommand, deployedName, type Installation } from './installation.js';
import type { DeployedFunction, ExtensionInstance } from './responses.js';
import type { Answer } from './rest.js';
import { unread } from './unread.js';

/** The label in which the Firebase CLI keeps a hash of source and parameters: firebase-tools, src/functions/constants.ts. */
const HASH_LABEL = 'firebase-functions-hash';

const { ok, warning, fault } = reporter('functions');

/** The deployed functions of an installation. */
export type DeployedFunctions = Partial<Record<DeclaredName, DeployedFunction>>;

/** Finds the functions of the installation among all of the project. */
export function functionsOf(
  functions: readonly DeployedFunction[],
  installation: Installation,
): DeployedFunctions {
  const byName = new Map<string, DeployedFunction[]>();
  for (const one of functions) {
    const name = one.name.split('/').at(-1) ?? '';
    byName.set(name, [...(byName.get(name) ?? []), one]);
  }
  return Object.fromEntries(
    DECLARED_NAMES.flatMap((name): [DeclaredName, DeployedFunction][] => {
      const all = byName.get(deployedName(installation, name)) ?? [];
      // After a change of region, the function is deployed in both for a while.
      const chosen = all.find((one) => regionOf(one) === expectedRegion(name, installation));
      const found = chosen ?? all[0];
      return found === undefined ? [] : [[name, found]];
    }),
  );
}

export function regionOf({ name }: DeployedFunction): string {
  return name.split('/')[3] ?? '';
}

/** @returns undefined for functions that the bucket triggers, whose region depends on the bucket */
function expectedRegion(name: DeclaredName, { config }: Installation): string | undefined {
  return DECLARED[name].kind === 'storage' ? config.triggerRegion : config.location;
}

/**
 * @param functions of the project:
 *   https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions/list
 */
export function checkFunctions(
  functions: Answer<DeployedFunction[]>,
  installation: Installation,
): Finding[] {
  const { projectId } = installation;
  if (!('value' in functions)) {
    return [unread('functions', 'the deployed functions', functions, projectId)];
  }
  const deploy = deployCommand(installation);
  const deployed = functionsOf(functions.value, installation);
  const missing = DECLARED_NAMES.filter((name) => deployed[name] === undefined);
  const first = deployedName(installation, 'serve');
  if (missing.length === DECLARED_NAMES.length) {
    return [
      fault(`Nothing is deployed: the project ${projectId} has no function ${first}.`, deploy),
    ];
  }
  const findings: Finding[] = [];
  const names = (list: readonly DeclaredName[]) =>
    list.map((name) => deployedName(installation, name)).join(', ');
  if (missing.length > 0) {
    findings.push(
      fault(
        `Version ${installation.version} declares functions that are not deployed: ${names(missing)}.`,
        deploy,
      ),
    );
  }
  for (const name of DECLARED_NAMES) {
    const one = deployed[name];
    if (one === undefined) continue;
    if (one.state !== 'ACTIVE') {
      const [message] = one.stateMessages;
      const reason = message?.message ? `: ${toPrintable(message.message)}` : '';
      findings.push(
        fault(
          `Expected the function ${names([name])} to be ACTIVE, found ${toPrintable(one.state)}${reason}.`,
          deploy,
        ),
      );
    }
    const region = expectedRegion(name, installation);
    if (region !== undefined && region !== regionOf(one)) {
      const parameter = DECLARED[name].kind === 'storage' ? 'TRIGGER_REGION' : 'LOCATION';
      findings.push(
        fault(
          `Expected the function ${names([name])} in ${region} (${parameter}), found it in ${regionOf(one)}.`,
          deploy,
        ),
      );
    }
  }
  findings.push(...checkVersions(deployed, installation));
  if (findings.length > 0) return findings;
  return [ok(`All ${DECLARED_NAMES.length} functions are deployed and active.`)];
}

/** The CLI deploys all functions of an instance from one source, so their hashes are equal. */
function checkVersions(deployed: DeployedFunctions, installation: Installation): Finding[] {
  const all = Object.values(deployed);
  const hashes = new Set(all.flatMap(({ labels }) => labels[HASH_LABEL] ?? []));
  const runtimes = new Set(all.flatMap(({ buildConfig }) => buildConfig.runtime ?? []));
  const deploy = deployCommand(installation);
  const findings: Finding[] = [];
  if (installation.kind === 'kit' && hashes.size > 1) {
    findings.push(
      fault(
        `The functions are of ${hashes.size} deployments that differ in version or parameters: deploy all of them.`,
        deploy,
      ),
    );
  }
  if (runtimes.size > 1) {
    const list = [...runtimes].sort().map(toPrintable).join(' and ');
    findings.push(fault(`The functions have different runtimes: ${list}.`, deploy));
  }
  return findings;
}

/**
 * Checks the instance of an extension.
 * @param answer `ExtensionInstance` in firebase-tools, src/extensions/types.ts
 */
export function checkExtension(
  answer: Answer<ExtensionInstance>,
  installation: Installation,
): Finding[] {
  const { instance, projectId, version } = installation;
  const deploy = deployCommand(installation);
  if (!('value' in answer)) {
    if (answer.status === 404) {
      return [fault(`The project ${projectId} has no extension instance ${instance}.`, deploy)];
    }
    return [unread('functions', 'the extension instance', answer, projectId)];
  }
  const { state, errorStatus, config } = answer.value;
  const installed = config.source.spec.version;
  const findings: Finding[] = [];
  if (state !== 'ACTIVE') {
    const reason = errorStatus?.message ? `: ${toPrintable(errorStatus.message)}` : '';
    findings.push(
      fault(
        `Expected the extension instance ${instance} to be ACTIVE, found ${toPrintable(state)}${reason}.`,
        deploy,
      ),
    );
  }
  if (installed !== undefined && installed !== version) {
    findings.push(
      warning(
        `The extension instance ${instance} has version ${toPrintable(installed)}; this command has version ${version}.`,
        deploy,
      ),
    );
  }
  return findings;
}
