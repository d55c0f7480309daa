/** Checks that the deployed security rules are the local ones, and what the deployed ones open. */
import { compileRules, RulesSyntaxError, type ServiceName } from 'firebase-rules-check';
import { analyze } from '../../check-rules/exposure.js';
import { findMissing } from '../../check-rules/missing.js';
import { toPrintable } from '../printable.js';
import { reporter, type Finding } from './finding.js';
import type { Installation, LocalRules } from './installation.js';
import type { Answer } from './rest.js';
import { unread } from './unread.js';

const { ok, warning, fault } = reporter('rules');

export interface RulesAnswers {
  /**
   * Source of the ruleset that is released: https://firebase.google.com/docs/reference/rules/rest/v1/projects.releases/get
   * and https://firebase.google.com/docs/reference/rules/rest/v1/projects.rulesets/get
   */
  storage: Answer<string>;
  firestore: Answer<string>;
}

/** @param now requests may be sent at this time or later */
export function checkDeployedRules(
  answers: RulesAnswers,
  installation: Installation,
  now: Date,
): Finding[] {
  const { rules } = installation;
  return [
    ...checkService('storage', answers.storage, rules?.storage, installation, now),
    ...checkService('firestore', answers.firestore, rules?.firestore, installation, now),
  ];
}

const SERVICES = {
  storage: { service: 'firebase.storage', title: 'Cloud Storage', target: 'storage' },
  firestore: { service: 'cloud.firestore', title: 'Firestore', target: 'firestore:rules' },
} as const satisfies Record<string, { service: ServiceName; title: string; target: string }>;

function checkService(
  kind: keyof typeof SERVICES,
  answer: Answer<string>,
  local: LocalRules | undefined,
  { projectId, config }: Installation,
  now: Date,
): Finding[] {
  const { title, target } = SERVICES[kind];
  const deploy = `firebase deploy --only ${target} --project ${projectId}`;
  if (!('value' in answer)) {
    if (answer.status !== 404) {
      return [unread('rules', `the deployed rules of ${title}`, answer, projectId)];
    }
    const where = kind === 'storage' ? ` for the bucket ${config.bucket}` : '';
    return [fault(`No rules of ${title} are deployed${where}: no client has access.`, deploy)];
  }
  const findings: Finding[] = [];
  if (local !== undefined && withoutMark(local.text) !== withoutMark(answer.value)) {
    findings.push(fault(`The deployed rules of ${title} differ from ${local.file}.`, deploy));
  }
  findings.push(...exposuresOf(answer.value, kind, { config }, now, deploy));
  if (findings.length > 0) return findings;
  const same = local === undefined ? '' : `are those of ${local.file}; they `;
  return [ok(`The deployed rules of ${title} ${same}open nothing that must be private.`)];
}

/** A byte order mark is not part of the rules. */
function withoutMark(text: string): string {
  return text.replace(/^\ufeff/, '');
}

/** What the deployed rules open, and what owners cannot do. */
function exposuresOf(
  text: string,
  kind: keyof typeof SERVICES,
  { config }: Pick<Installation, 'config'>,
  now: Date,
  deploy: string,
): Finding[] {
  const { service, title } = SERVICES[kind];
  const file = `deployed rules of ${title}`;
  try {
    const compiled = compileRules(text, file);
    const { exposures } = analyze(compiled, file, service, config, now);
    const missing = findMissing(compiled, { name: file, text }, service, config, now);
    return [...exposures, ...missing].map(({ line, column, message }) =>
      fault(`${file}:${line}:${column}: ${toPrintable(message)}`, deploy),
    );
  } catch (error) {
    if (!(error instanceof RulesSyntaxError)) throw error;
    return [warning(`Not checked: what the ${file} open. ${toPrintable(error.message)}`)];
  }
}
