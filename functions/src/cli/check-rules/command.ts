/** `storage-public-variants check-rules`: checks the security rules of a project for continuous integration. */
import { parseArgs, parseEnv } from 'node:util';
import {
  compileRules,
  describeWarning,
  RulesSyntaxError,
  type Ruleset,
  type RulesWarning,
  type ServiceName,
} from 'firebase-rules-check';
import { evaluateCases, InputError, readCases, type Case } from 'firebase-rules-check/tool';
import { parseConfig } from '../../config/config.js';
import { ConfigError } from '../../errors.js';
import type { Terminal } from '../terminal.js';
import { analyze, type Exposure, type ProtectedPaths } from './exposure.js';
import { findMissing } from './missing.js';
import { readProject, readText, UsageError, type RulesFile } from './project.js';

export const USAGE = `storage-public-variants check-rules [FILE…] [--params FILE] [--cases CASES.json] [--strict]
       [--json]

Checks security rules: does one of them open originals, renditions, image records, share records or
token records to others, and may owners upload originals and read their own records? Needs no network
and no account.

FILE           rules of Cloud Storage or Firestore; default: those that firebase.json names
--params FILE  parameters of your instance, one NAME=value per line; default: the default parameters
--cases FILE   cases of your own, see below; can be given several times
--strict       notes and warnings count as findings
--json         print a JSON document instead of lines

A note is about a rule that gives access to some users: a custom claim, a user id or a document decides.
A warning is about a part of the rules that does not exist, such as an unknown function: it denies access.
Cases are a JSON array: {"name", "method", "path", "auth", "resource", "requestResource", "expect"}; the
format is that of \`npx firebase-rules-check --help\`.

Exit code: 0 if there are no findings, 1 if there are findings, 2 if the check failed.
`;

interface Report {
  /** The names of the files that were checked. */
  readonly files: string[];
  /** Files of firebase.json that are for something else. */
  readonly skipped: string[];
  readonly findings: Exposure[];
  readonly notes: Exposure[];
  /** Those of the compiler, in the form of the Firebase Rules API. */
  readonly warnings: RulesWarning[];
}

/**
 * Runs the command.
 * @param argv arguments after `check-rules`
 * @param now requests may be sent at this time or later
 * @returns the exit code: see USAGE; never throws
 */
export async function checkRules(
  argv: string[],
  { cwd, out, err }: Pick<Terminal, 'cwd' | 'out' | 'err'>,
  now = new Date(),
): Promise<number> {
  try {
    const options = parseOptions(argv, cwd);
    if (options.help) {
      out(USAGE);
      return 0;
    }
    const report = await check(options, cwd, now);
    out(options.json ? `${JSON.stringify(report, null, 2)}\n` : toText(report));
    const { findings, notes, warnings } = report;
    const others = options.strict ? notes.length + warnings.length : 0;
    return findings.length + others > 0 ? 1 : 0;
  } catch (error) {
    const isInput =
      error instanceof UsageError ||
      error instanceof ConfigError ||
      error instanceof InputError ||
      error instanceof RulesSyntaxError;
    err(isInput ? `${error.message}\n` : `expected to check the rules, found ${String(error)}\n`);
    return 2;
  }
}

type Options = ReturnType<typeof parseOptions>;

/** @throws UsageError, ConfigError */
function parseOptions(argv: string[], cwd: string) {
  let parsed;
  try {
    parsed = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', default: false },
        params: { type: 'string' },
        cases: { type: 'string', multiple: true, default: [] },
        strict: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`);
  }
  const { params, ...values } = parsed.values;
  const parameters = params === undefined ? {} : parseEnv(readText(cwd, params));
  // The name of the bucket selects the target of firebase.json; a project's default bucket is unknown here.
  const bucket = parameters['BUCKET'] || undefined;
  const config = parseConfig({ ...parameters, BUCKET: bucket ?? 'project.firebasestorage.app' });
  const { originalsPath, variantsPath, variantsBucket } = config;
  const paths: ProtectedPaths = {
    originalsPath,
    variantsPath,
    imagesCollection: config.imagesCollection,
    sharesCollection: config.sharesCollection,
    tokensCollection: config.tokensCollection,
    databaseId: config.databaseId,
    ...(bucket !== undefined && { bucket, variantsBucket }),
  };
  return { ...values, names: parsed.positionals, paths };
}

interface Checked {
  readonly file: RulesFile;
  readonly rules: Ruleset;
  readonly service: ServiceName;
  readonly missing: Exposure[];
}

async function check(options: Options, cwd: string, now: Date): Promise<Report> {
  const { names, paths, cases } = options;
  const isProject = names.length === 0;
  const files = isProject
    ? readProject(cwd, paths.databaseId)
    : names.map((name): RulesFile => ({ name, text: readText(cwd, name) }));
  const all = files.flatMap((file) => compile(file, paths, now));
  const findings: Exposure[] = isProject ? absentServices(all) : [];
  const notes: Exposure[] = [];
  const checked: Checked[] = [];
  for (const service of ['firebase.storage', 'cloud.firestore'] as const) {
    const ofService = all.filter((one) => one.service === service);
    const ours = isProject ? relevant(ofService, paths) : ofService;
    checked.push(...ours);
    // One file with the blocks is enough: others are those of other buckets.
    if (ours.every(({ missing }) => missing.length > 0)) findings.push(...(ours[0]?.missing ?? []));
    for (const { file, rules } of ours) {
      const analysis = analyze(rules, file.name, service, paths, now);
      findings.push(...analysis.exposures);
      notes.push(...analysis.notes);
    }
  }
  for (const name of cases) {
    findings.push(...(await runCases(readCases(readText(cwd, name), name, now), name, checked)));
  }
  const nameOf = ({ file }: Checked): string => file.name;
  const skipped = all.filter((one) => !checked.includes(one)).map(nameOf);
  // A file with rules of two services is checked once for each.
  const warnings = [...new Set(checked.map(({ rules }) => rules))].flatMap((one) => one.warnings);
  return { files: checked.map(nameOf), skipped, findings, notes, warnings };
}

/** One entry for each service of the file. @throws RulesSyntaxError, UsageError */
function compile(file: RulesFile, paths: ProtectedPaths, now: Date): Checked[] {
  const rules = compileRules(file.text, file.name);
  const { service: expected } = file;
  if (expected && !rules.services.includes(expected)) {
    const found = rules.services.join(' and ');
    throw new UsageError(`${file.name}: expected rules of ${expected}, found rules of ${found}`);
  }
  const services = expected ? [expected] : [...new Set(rules.services)];
  return services.map((service) => ({
    file,
    rules,
    service,
    missing: findMissing(rules, file, service, paths, now),
  }));
}

/** A finding for each service that the project has no rules for. */
function absentServices(all: readonly Checked[]): Exposure[] {
  return (['storage', 'firestore'] as const).flatMap((name) => {
    const service = name === 'storage' ? 'firebase.storage' : 'cloud.firestore';
    if (all.some((one) => one.service === service)) return [];
    const message =
      `expected the rules of ${service} at "${name}.rules", found none. Run \`npx storage-public-variants init\`, ` +
      'or name the rules files as arguments.';
    return [{ file: 'firebase.json', line: 1, column: 1, message }];
  });
}

/** The files for the bucket of the instance; if that is unknown, those with blocks for it; otherwise all. */
function relevant(all: readonly Checked[], { bucket, variantsBucket }: ProtectedPaths) {
  if (all.length < 2) return all;
  const isOurs = (name: string): boolean => name === bucket || name === variantsBucket;
  const named = all.filter(({ file }) => file.buckets?.some(isOurs));
  if (named.length > 0) return named;
  const withBlocks = all.filter(({ missing }) => missing.length === 0);
  return withBlocks.length > 0 ? withBlocks : all;
}

/** A finding for each case that the rules decide otherwise. @throws InputError */
async function runCases(
  cases: readonly Case[],
  name: string,
  checked: readonly Checked[],
): Promise<Exposure[]> {
  const findings: Exposure[] = [];
  for (const one of cases) {
    const files = checked.filter(({ service }) => service === one.request.service);
    if (files.length === 0) {
      const { service } = one.request;
      throw new InputError(
        `${one.label}: expected rules of ${service} among the files, found none`,
      );
    }
    for (const { file, rules } of files) {
      const [result] = await evaluateCases(rules, [one]);
      if (!result || result.ok) continue;
      const [, line = 1, column = 1] = /^(\d+):(\d+) /.exec(result.why) ?? [];
      const decision = (allowed: boolean): string => (allowed ? 'allowed' : 'denied');
      findings.push({
        file: file.name,
        line: Number(line),
        column: Number(column),
        message:
          `the case ${JSON.stringify(one.name)} of ${name}: expected ${decision(result.expected)}, ` +
          `found ${decision(result.allowed)}: ${result.why}`,
      });
    }
  }
  return findings;
}

function toText({ files, skipped, findings, notes, warnings }: Report): string {
  const line = ({ file, line, column, message }: Exposure, kind = ''): string =>
    `${file}:${line}:${column}: ${kind}${message}`;
  const count = (number: number, noun: string): string =>
    `${number === 0 ? 'no' : number} ${noun}${number === 1 ? '' : 's'}`;
  const lines = [...findings.map((one) => line(one)), ...notes.map((one) => line(one, 'note: '))];
  lines.push(...warnings.map(describeWarning));
  lines.push(
    ...skipped.map((name) => `${name}: not checked, it is not for the bucket of the instance`),
  );
  const counts = [count(findings.length, 'finding'), count(notes.length, 'note')];
  if (warnings.length > 0) counts.push(count(warnings.length, 'warning'));
  lines.push(`${files.join(', ')}: ${counts.join(', ')}`);
  return `${lines.join('\n')}\n`;
}
