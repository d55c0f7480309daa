/** Which site of Firebase Hosting gets the path of image URLs. */
import { InitError } from './changes.js';
import { isObject } from './json.js';
import type { Questioner } from './questioner.js';
import { resourcesOf, type FirebaseProject } from './project.js';

export interface HostingTarget {
  /** Position in `hosting`; absent if it is an object. */
  index?: number;
  entry: Record<string, unknown>;
  /** Path of image URLs, such as `/i`. */
  path: string;
  /** Site id; absent if it is not known. */
  site?: string;
  /** The name to deploy: `hosting` or `hosting:TARGET`. */
  deploy: string;
  /** Whether the rewrite is there already. */
  hasRewrite: boolean;
}

const DEFAULT_PATH = '/i';

export function functionOf(instance: string): string {
  return `kit-${instance}-serve`;
}

/**
 * @returns undefined without Hosting
 * @throws InitError if there are several sites and none is chosen, or if the path is in use
 */
export async function hostingTarget(
  context: Questioner,
  projectId: string,
  instance: string,
  isInstalled: boolean,
): Promise<HostingTarget | undefined> {
  const { project, args, ask } = context;
  const { hosting } = project.config;
  const entries = (Array.isArray(hosting) ? hosting : [hosting]).filter(isObject);
  if (args.hostingPath === 'none') return undefined;
  if (entries.length === 0) {
    if (args.hostingPath === undefined && args.hostingSite === undefined) return undefined;
    throw new InitError(
      '--hosting-path: expected "hosting" in firebase.json, found none: run "firebase init hosting" first, or choose none.',
    );
  }
  const functionId = functionOf(instance);
  const done = entries.find((entry) => rewritesTo(entry, functionId).length > 0);
  // Without a path because the first run was to add none.
  const isDeclined = isInstalled && done === undefined;
  if (isDeclined && args.hostingPath === undefined && args.hostingSite === undefined) {
    return undefined;
  }
  const entry = done ?? (await chooseSite(context, entries));
  const [existing] = rewritesTo(entry, functionId);
  let path = existing?.replace(/\/\*\*$/, '') ?? args.hostingPath;
  if (path !== undefined && args.hostingPath !== undefined && path !== args.hostingPath) {
    throw new InitError(
      `--hosting-path: expected ${path} as in firebase.json, found "${args.hostingPath}".`,
    );
  }
  path ??= await (ask?.({
    message: 'Path of image URLs on Firebase Hosting, or none',
    default: DEFAULT_PATH,
    validate: (answer) => (answer === 'none' ? undefined : checkPath(answer, entry)),
  }) ?? DEFAULT_PATH);
  if (path === 'none') return undefined;
  if (existing === undefined) {
    const problem = checkPath(path, entry);
    if (problem !== undefined) throw new InitError(`--hosting-path: ${problem}`);
  }
  const { target } = entry;
  const index = Array.isArray(hosting) ? hosting.indexOf(entry) : undefined;
  const site = siteOf(project, projectId, entry);
  return {
    ...(index !== undefined && { index }),
    entry,
    path,
    ...(site !== undefined && { site }),
    deploy: typeof target === 'string' ? `hosting:${target}` : 'hosting',
    hasRewrite: existing !== undefined,
  };
}

function nameOf({ target, site }: Record<string, unknown>): string {
  return typeof target === 'string' ? target : typeof site === 'string' ? site : '';
}

async function chooseSite(
  { args, ask }: Questioner,
  entries: Record<string, unknown>[],
): Promise<Record<string, unknown>> {
  const names = entries.map(nameOf);
  let name = args.hostingSite;
  if (name === undefined) {
    if (entries.length === 1 && entries[0] !== undefined) return entries[0];
    if (ask === undefined) {
      throw new InitError(
        `--hosting-site: expected one of ${names.join(', ')}, because firebase.json has several sites; found none.`,
      );
    }
    const choices = names.map((value) => ({ label: value, value }));
    name = await ask({ message: 'Hosting site of image URLs', choices });
  }
  const chosen = entries.find((entry) => entry['target'] === name || entry['site'] === name);
  if (chosen !== undefined) return chosen;
  throw new InitError(
    `--hosting-site: expected one of ${names.filter(Boolean).join(', ') || 'no site, because firebase.json names none'}, found "${name}".`,
  );
}

/** Sources of the rewrites to a function. */
function rewritesTo(entry: Record<string, unknown>, functionId: string): string[] {
  return rulesOf(entry, 'rewrites').flatMap((rewrite) => {
    const { function: to } = rewrite;
    const id = isObject(to) ? to['functionId'] : to;
    return id === functionId ? [patternOf(rewrite)] : [];
  });
}

function rulesOf(entry: Record<string, unknown>, name: string): Record<string, unknown>[] {
  const rules = entry[name];
  return Array.isArray(rules) ? rules.filter(isObject) : [];
}

function patternOf({ source, glob }: Record<string, unknown>): string {
  return typeof source === 'string' ? source : typeof glob === 'string' ? glob : '';
}

/** Whether the path is valid, and neither a rewrite nor a redirect below it exists, which would no longer apply. */
function checkPath(path: string, entry: Record<string, unknown>): string | undefined {
  if (!/^(?:\/[\w.~-]+)+$/.test(path) || /(?:^|\/)(?:\.{1,2}|__[^/]*)(?:\/|$)/.test(path)) {
    return `expected a path such as ${DEFAULT_PATH}, or none; found "${path}".`;
  }
  for (const name of ['rewrites', 'redirects']) {
    const taken = rulesOf(entry, name)
      .map(patternOf)
      .find((pattern) => pattern === path || pattern.startsWith(`${path}/`));
    if (taken !== undefined) {
      return `expected a path that "${name}" in firebase.json does not have, found ${path}, which is used by ${taken}.`;
    }
  }
  return undefined;
}

function siteOf(
  project: FirebaseProject,
  projectId: string,
  { site, target }: Record<string, unknown>,
): string | undefined {
  if (typeof site === 'string') return site;
  if (typeof target === 'string') return resourcesOf(project, projectId, 'hosting', target)[0];
  return projectId;
}

/** The URL of a site that Firebase gives it; undefined if it is not known, or has none, as in a demo project. */
export function publicBaseUrl(
  hosting: HostingTarget | undefined,
  projectId: string,
): string | undefined {
  if (hosting?.site === undefined || projectId.startsWith('demo-')) return undefined;
  return `https://${hosting.site}.web.app${hosting.path}`;
}
