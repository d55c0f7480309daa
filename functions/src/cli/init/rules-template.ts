/** The rules of this product with the paths of an installation. */
import { parseRules, type Match, type ServiceName } from 'firebase-rules-check';

/** Paths as parameters have them. */
export interface RulesPaths {
  /** ORIGINALS_PATH */
  originals: string;
  /** VARIANTS_PATH */
  variants: string;
  /** IMAGES_COLLECTION */
  images: string;
  /** SHARES_COLLECTION */
  shares: string;
  /** TOKENS_COLLECTION */
  tokens: string;
}

/** A complete rules file and its blocks. */
export interface RulesTemplate {
  service: ServiceName;
  text: string;
  blocks: readonly TemplateBlock[];
}

export interface TemplateBlock {
  /** The match with its comment, moved to the left edge. */
  text: string;
  match: Match;
}

/**
 * @param rules storage.rules of this product
 * @throws RulesSyntaxError if a path has characters that rules can't have in a match
 */
export function storageTemplate(rules: string, paths: RulesPaths): RulesTemplate {
  const text = replaceAll(rules, [
    ['match /originals/{uid}/{imageId} {', `match /${paths.originals} {`],
    ['/users/$(uid)/images/$(imageId))', `/${toExpression(paths.images)}/$(imageId))`],
    ['match /variants/{rendition=**} {', `match /${paths.variants}/{rendition=**} {`],
  ]);
  return templateOf('firebase.storage', text, 'storage.rules');
}

/**
 * @param rules firestore.rules of this product
 * @throws RulesSyntaxError if a path has characters that rules can't have in a match
 */
export function firestoreTemplate(rules: string, paths: RulesPaths): RulesTemplate {
  const text = replaceAll(rules, [
    ['match /users/{uid}/images/{imageId} {', `match /${paths.images}/{imageId} {`],
    ['match /users/{uid}/imageShares/{shareId} {', `match /${paths.shares}/{shareId} {`],
    ['match /imageTokens/{hash} {', `match /${paths.tokens}/{hash} {`],
  ]);
  return templateOf('cloud.firestore', text, 'firestore.rules');
}

function toExpression(collection: string): string {
  return collection.replace('{uid}', '$(uid)');
}

/** @throws Error if the template does not have one of the texts exactly once */
function replaceAll(text: string, replacements: readonly (readonly [string, string])[]): string {
  for (const [from, to] of replacements) {
    if (text.split(from).length !== 2) throw new Error(`expected "${from}" once in the template`);
    text = text.replace(from, () => to);
  }
  return text;
}

function templateOf(service: ServiceName, text: string, file: string): RulesTemplate {
  const container = parseRules(text, file).services[0]?.matches[0];
  if (container === undefined) throw new Error(`expected a match in the template ${file}`);
  let start = text.indexOf('\n', container.start) + 1;
  const blocks = container.matches.map((match) => {
    const block = { text: dedent(text.slice(start, match.end)), match };
    start = match.end;
    return block;
  });
  return { service, text, blocks };
}

function dedent(text: string): string {
  const lines = text.replace(/^\n+/, '');
  const indent = /^ */.exec(lines)?.[0] ?? '';
  return lines.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}
