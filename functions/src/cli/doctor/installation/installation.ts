/** What the checks know of an installation before they ask Google. */
import type { Config } from '../../../config/config.js';
import type { DeclaredName } from './declared.js';

export interface Installation {
  projectId: string;
  kind: 'kit' | 'extension';
  /** Instance id. */
  instance: string;
  config: Config;
  /** The version of this package. */
  version: string;
  /** The local security rules; absent without a project folder. */
  rules?: { storage?: LocalRules; firestore?: LocalRules };
  /** Fields whose automatic indexes are turned off; `ttl`: Firestore deletes the documents at the field's time. */
  fieldOverrides: readonly { collectionGroup: string; fieldPath: string; ttl?: boolean }[];
}

export interface LocalRules {
  /** Path in the project's folder. */
  file: string;
  text: string;
}

/** The name that a function is deployed under; see `instancePrefix` in gcp/queues.ts. */
export function deployedName(
  { kind, instance }: Pick<Installation, 'kind' | 'instance'>,
  name: DeclaredName,
): string {
  return `${kind === 'kit' ? 'kit' : 'ext'}-${instance}-${name}`;
}

/** The command that deploys the functions. */
export function deployCommand({ kind, instance, projectId }: Installation): string {
  const target = kind === 'kit' ? `functions:${instance}` : 'extensions';
  return `firebase deploy --only ${target} --project ${projectId}`;
}

/** The URL of `serve` without a proxy in front of it. */
export function serveUrl(installation: Installation): string {
  const { config, projectId } = installation;
  const name = deployedName(installation, 'serve');
  return `https://${config.location}-${projectId}.cloudfunctions.net/${name}`;
}
