/** The emulator's own API: rules and their coverage, exports, deleting all documents, registering functions. */
import { resolve } from 'node:path';
import { Code, StatusError } from '../errors.js';
import { exportDocuments, importDocuments } from '../export/documents.js';
import { documentsRoot } from '../names.js';
import type { DatabaseName } from '../rules/rulesets.js';
import type { Issue } from '../rules/rules-engine.js';
import type { FirestoreService } from '../service.js';
import { coveragePage } from './coverage-page.js';
import type { HttpRequest } from './http-request.js';
import { decodePath, parseJson } from './json-body.js';

/** A response body that is not JSON. */
export class TextBody {
  constructor(
    readonly text: string,
    readonly contentType: string,
  ) {}

  static plain(text: string): TextBody {
    return new TextBody(text, 'text/plain; charset=utf-8');
  }
}

/** What GET `:securityRules` returns for a database without rules. */
const OPEN_RULES = `rules_version = '2';
// No rules are loaded for this database: every request is allowed.
service cloud.firestore {
  match /databases/{database}/documents {
    match /{document=**} {
      allow read, write: if true;
    }
  }
}
`;

const PREFIX = '/emulator/v1/projects/';

/** `P:method` covers the default database, as in Google's emulator; `P/databases/DB:method` any other. */
const CUSTOM_METHOD = /^([^/:]+)(?:\/databases\/([^/:]+))?:([A-Za-z.]+)$/;

/**
 * Handles a request to a path under /emulator/v1/.
 * @returns the response body, or undefined for an unknown path or method
 * @throws StatusError
 */
export function handleEmulatorRequest(
  service: FirestoreService,
  request: HttpRequest,
): object | TextBody | undefined {
  const path = decodePath(request.path);
  if (!path.startsWith(PREFIX)) return undefined;
  const rest = path.slice(PREFIX.length);
  const [, project, database = '(default)', customMethod] = CUSTOM_METHOD.exec(rest) ?? [];
  if (project !== undefined && (customMethod === 'export' || customMethod === 'import')) {
    return request.method === 'POST' && rest === `${project}:${customMethod}`
      ? moveDocuments(service, project, customMethod, request)
      : undefined;
  }
  if (project !== undefined) {
    return callRulesMethod(service, { project, database }, `${request.method} ${customMethod}`, request.body); // prettier-ignore
  }
  const documents = /^([^/]+)\/databases\/([^/]+)\/documents$/.exec(rest);
  if (documents && request.method === 'DELETE') {
    const [, ofProject = '', ofDatabase = ''] = documents;
    service.clear(documentsRoot({ project: ofProject, database: ofDatabase }));
    return {};
  }
  return registerTrigger(service, request, rest);
}

/**
 * Exports the documents of a project, or imports them: `{export_directory, export_name}`. The Firebase CLI sends a
 * relative folder, which is that of this process.
 * @throws StatusError INVALID_ARGUMENT, PERMISSION_DENIED
 */
function moveDocuments(
  service: FirestoreService,
  project: string,
  method: 'export' | 'import',
  { body, origin }: HttpRequest,
): object {
  if (origin !== undefined) {
    // A page in the developer's browser must not read or write files.
    throw new StatusError(Code.PERMISSION_DENIED, 'Web pages may not export or import.');
  }
  const message = parseJson(body);
  const [directory, name] = [member(message, 'export_directory'), member(message, 'export_name')];
  if (typeof directory !== 'string' || typeof name !== 'string' || !/^[\w.-]+$/.test(name)) {
    const expected = 'Expected {"export_directory": "PATH", "export_name": "NAME"}';
    throw new StatusError(Code.INVALID_ARGUMENT, `${expected}, NAME without slashes.`);
  }
  const folder = resolve(directory, name);
  if (method === 'export') {
    exportDocuments(service.documentsOf(project), folder, name);
    return {};
  }
  const file = resolve(folder, `${name}.overall_export_metadata`);
  try {
    importDocuments(file, project, (root) => service.storeOf(root));
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw new StatusError(Code.INVALID_ARGUMENT, (error as Error).message);
  }
  return {};
}

function callRulesMethod(
  { authorizer: { rulesets } }: FirestoreService,
  name: DatabaseName,
  call: string,
  body: string,
): object | TextBody | undefined {
  const loaded = rulesets.find(name);
  const { source = OPEN_RULES, file = 'security.rules', issues = [] } = loaded ?? {};
  const rules = { files: [{ name: file, content: source }] };
  switch (call) {
    case 'GET securityRules':
      return { rules, ...(issues.length > 0 && { issues }) };
    case 'PUT securityRules':
      return loadRules(rulesets.load.bind(rulesets), name, body);
    case 'GET ruleCoverage':
      return { rules, report: rulesets.report(name) };
    case 'GET ruleCoverage.html':
      return new TextBody(coveragePage(source, rulesets.report(name)), 'text/html; charset=utf-8');
    default:
      return undefined;
  }
}

/**
 * @returns the warnings of the rules; with `ignore_errors` also the errors, and the previous rules stay in force
 * @throws StatusError INVALID_ARGUMENT if the rules have an error
 */
function loadRules(
  load: (name: DatabaseName, source: string, file: string) => Issue[],
  database: DatabaseName,
  body: string,
): { issues?: Issue[] } {
  const { source, file, ignoreErrors } = parseRules(body);
  const issues = load(database, source, file);
  const errors = issues.filter(({ severity }) => severity === 'ERROR');
  if (errors.length > 0 && !ignoreErrors) {
    const message = errors.map(describeError).join('\n');
    throw new StatusError(Code.INVALID_ARGUMENT, `Compilation error in ${file}:\n${message}`);
  }
  return issues.length > 0 ? { issues } : {};
}

function describeError({ sourcePosition: { line, column }, description }: Issue): string {
  return `L${line}:${column} ${description}`;
}

/** Reads `{rules: {files: [{content, name?}]}, ignore_errors?}`. */
function parseRules(body: string): { source: string; file: string; ignoreErrors: boolean } {
  const message = parseJson(body);
  const rules = member(message, 'rules');
  const files = member(rules, 'files');
  const [first, ...others] = Array.isArray(files) ? (files as unknown[]) : [];
  const [source, file = 'security.rules'] = [member(first, 'content'), member(first, 'name')];
  if (typeof source !== 'string' || typeof file !== 'string' || others.length > 0) {
    throw new StatusError(
      Code.INVALID_ARGUMENT,
      'Expected {"rules": {"files": [{"content": "…", "name": "…"}]}} with one file of rules.',
    );
  }
  const ignoreErrors = member(message, 'ignore_errors') ?? member(message, 'ignoreErrors');
  return { source, file, ignoreErrors: ignoreErrors === true };
}

function member(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  return isObject ? (value as Record<string, unknown>)[name] : undefined;
}

/** As the Functions emulator calls it. */
function registerTrigger(
  { triggers }: FirestoreService,
  { method, search, body }: HttpRequest,
  rest: string,
): object | undefined {
  const [, project, key] = /^([^/]+)\/(?:eventarcTrigger|triggers\/([^/]+))$/.exec(rest) ?? [];
  if (project === undefined || method !== (key === undefined ? 'POST' : 'PUT')) return undefined;
  if (key !== undefined) triggers.registerV1(project, key, parseJson(body));
  else triggers.registerV2(project, search.get('eventarcTriggerId') ?? '', parseJson(body));
  return {};
}
