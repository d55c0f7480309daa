/** Project and answers -> file changes. Reads files of the project, writes none. */
import { RulesSyntaxError, type ServiceName } from 'firebase-rules-check';
import { parseConfig, type Config } from '../../config/config.js';
import type { Answers } from './answers.js';
import { InitError, type FileChange } from './changes.js';
import { completeEnvironment, readParameters } from './environment.js';
import { addKit, addRewrite } from './firebase-json.js';
import { functionOf } from './hosting.js';
import { mergeIndexes } from './indexes.js';
import { isObject, setValue, type JsonPath } from './json.js';
import { kitFolderChanges, type PackageSource } from './kit-folder.js';
import { toPath, type FirebaseProject } from './project.js';
import { mergeRules } from './rules-merge.js';
import { firestoreTemplate, storageTemplate, type RulesTemplate } from './rules-template.js';
import type { RulesTarget } from './rules-targets.js';
import type { Templates } from './templates.js';

/** A rules file with the changes. */
export interface MergedRules {
  file: string;
  service: ServiceName;
  text: string;
}

export interface Plan {
  /** Only files that differ. */
  changes: FileChange[];
  /** What the user should know, one sentence each. */
  notes: string[];
  rules: MergedRules[];
  config: Config;
}

/** @throws InitError if a file of the project can't be parsed */
export function makePlan(
  project: FirebaseProject,
  answers: Answers,
  templates: Templates,
  source: PackageSource,
): Plan {
  const { files } = project;
  const { instance, stored, storage, firestore } = answers;
  const notes: string[] = [];
  const environment = completeEnvironment(stored.text, answers.values, stored.shared);
  const config = parseConfig({
    ...stored.shared,
    ...readParameters(environment),
    GCLOUD_PROJECT: answers.projectId,
  });
  const paths = {
    originals: config.originalsPath.text,
    variants: config.variantsPath,
    images: config.imagesCollection.text,
    shares: config.sharesCollection.text,
    tokens: config.tokensCollection,
  };
  const rules = inOneSentence(() => [
    merge(storage, storageTemplate(templates.storageRules, paths), config.bucket),
    merge(firestore, firestoreTemplate(templates.firestoreRules, paths), config.databaseId),
  ]);
  const indexesPath = firestore.indexes || 'firestore.indexes.json';
  const indexes = mergeIndexes(files.read(indexesPath), indexesPath, templates.indexes, {
    images: paths.images.split('/').at(-1) ?? '',
    shares: paths.shares.split('/').at(-1) ?? '',
    tokens: paths.tokens.split('/').at(-1) ?? '',
  });
  const texts: [path: string, after: string][] = [
    ['firebase.json', firebaseJson(project, answers, indexesPath)],
    [stored.path, environment],
    ...rules.map(({ file, text }): [string, string] => [file, text]),
    [indexesPath, indexes],
  ];
  const changes = texts.flatMap(([path, after]): FileChange[] => {
    const before = files.read(path);
    if (before === after) return [];
    return [{ path, ...(before !== undefined && { before }), after }];
  });
  changes.push(...kitFolderChanges(instance.folder, source, answers.node, files));
  const shadow = staticFiles(project, answers);
  if (shadow !== undefined) notes.push(shadow);
  return { changes, notes, rules, config };

  function merge(target: RulesTarget, template: RulesTemplate, resource: string): MergedRules {
    const { service } = template;
    const text = files.read(target.rules);
    if (text === undefined) {
      if (!target.isNamed) notes.push(consoleNote(service, target.rules));
      return { file: target.rules, service, text: template.text };
    }
    const merged = mergeRules(text, target.rules, template, resource);
    notes.push(...merged.notes);
    return { file: target.rules, service, text: merged.text };
  }
}

/** Hosting serves files before it applies rewrites. */
function staticFiles({ files }: FirebaseProject, { hosting }: Answers): string | undefined {
  const folder = hosting?.entry['public'];
  if (hosting === undefined || typeof folder !== 'string') return undefined;
  const path = `${toPath(files, folder)}${hosting.path}`;
  if (files.list(path).length === 0) return undefined;
  return `${path}: Firebase Hosting serves these files instead of images with the same path.`;
}

function consoleNote(service: ServiceName, file: string): string {
  const [product, command] =
    service === 'cloud.firestore' ? ['Firestore', 'firestore'] : ['Cloud Storage', 'storage'];
  return (
    `firebase.json had no rules for ${product}: deploying ${file} replaces rules that the Firebase console has; if there ` +
    `are any, get them with "firebase init ${command}" first and run this command again.`
  );
}

/** A rules file that can't be parsed is the user's to correct. */
function inOneSentence<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RulesSyntaxError)) throw error;
    throw new InitError(`${error.message}; correct this and run the command again.`);
  }
}

/** The text of firebase.json with what the installation needs. */
function firebaseJson(
  { text, config }: FirebaseProject,
  { instance, isInstalled, node, storage, firestore, hosting, values }: Answers,
  indexesPath: string,
): string {
  const { folder, configFolder } = instance;
  const runtime = `nodejs${node}`;
  let result = text;
  const { functions } = config;
  if (!isInstalled) {
    result = addKit(result, functions, {
      kit: instance.instance,
      source: folder,
      runtime,
      instances: { [instance.instance]: configFolder },
      ignore: ['node_modules', '.git', 'config'],
    });
  } else {
    const stanzas: unknown[] = Array.isArray(functions) ? functions : [functions];
    const index = stanzas.findIndex(
      (stanza) =>
        isObject(stanza) &&
        isObject(stanza['instances']) &&
        Object.hasOwn(stanza['instances'], instance.instance),
    );
    const stanza = stanzas[index];
    // Without it, the CLI takes the runtime from the package's engines, or refuses them.
    if (isObject(stanza) && stanza['runtime'] === undefined) {
      const path = Array.isArray(functions) ? ['functions', index] : ['functions'];
      result = setValue(result, [...path, 'runtime'], runtime);
    }
  }
  if (hosting !== undefined && !hosting.hasRewrite) {
    result = addRewrite(result, hosting.entry, hosting.index, {
      source: `${hosting.path}/**`,
      function: { functionId: functionOf(instance.instance), region: values.LOCATION ?? '' },
    });
  }
  const pathOf = (section: string, { index }: RulesTarget): JsonPath =>
    index === undefined ? [section] : [section, index];
  if (!storage.isNamed) {
    result = setValue(result, [...pathOf('storage', storage), 'rules'], storage.rules);
  }
  if (!firestore.isNamed) {
    result = setValue(result, [...pathOf('firestore', firestore), 'rules'], firestore.rules);
  }
  if (firestore.indexes === '') {
    result = setValue(result, [...pathOf('firestore', firestore), 'indexes'], indexesPath);
  }
  return result;
}
