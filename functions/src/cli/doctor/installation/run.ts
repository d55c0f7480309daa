/** The part of `doctor` that checks an installation. */
import { toPrintable } from '../printable.js';
import { check } from './check.js';
import type { Finding } from './finding.js';
import { gather } from './gather.js';
import type { Installation } from './installation.js';
import { probe } from './probe.js';
import type { RestClient } from './rest.js';
import { reporter } from './finding.js';
import type { PackageFiles, Resolved } from './resolve.js';

/** What the checks need from their process; replaced in tests. */
export interface InstallationEnvironment {
  /** Working directory. */
  cwd: string;
  packageFiles: () => PackageFiles;
  /** A client with the user's credentials. */
  openClient: (projectId: string) => RestClient;
  /** Milliseconds since 1970. */
  now: () => number;
  wait: (ms: number) => Promise<void>;
  progress: (line: string) => void;
  /** Calls a function when the user presses Ctrl+C, instead of ending the process. @returns how to stop that */
  onInterrupt: (listener: () => void) => () => void;
}

export interface InstallationReport {
  installation: Installation;
  findings: Finding[];
}

/** @throws CredentialsError */
export async function checkInstallation(
  { installation, notes }: Resolved,
  options: { probe: boolean },
  environment: InstallationEnvironment,
): Promise<InstallationReport> {
  const { now, wait, progress } = environment;
  const client = environment.openClient(installation.projectId);
  progress('asking Google about the installation');
  const answers = await gather(client, installation);
  const findings = [
    ...check(answers, installation, new Date(now())),
    ...notes.map((note) => reporter('rules').warning(note)),
  ];
  if (options.probe) {
    let isCancelled = false;
    const stop = environment.onInterrupt(() => (isCancelled = true));
    try {
      const probeEnvironment = { now, wait, progress, isCancelled: () => isCancelled };
      findings.push(...(await probe(client, installation, findings, probeEnvironment)));
    } finally {
      stop();
    }
  }
  progress('');
  return { installation, findings };
}

/** @param strict whether a warning counts as a fault */
export function hasFault({ findings }: InstallationReport, strict: boolean): boolean {
  return findings.some(({ level }) => level === 'fault' || (strict && level === 'warning'));
}

/** A line for each finding, followed by the commands that repair it. */
export function installationText({ installation, findings }: InstallationReport): string {
  const { kind, instance, projectId, version } = installation;
  const width = Math.max(...findings.map((finding) => finding.check.length));
  const lines = findings.flatMap(({ level, check, message, commands = [] }) => [
    `${level.padEnd('warning'.length)}  ${check.padEnd(width)}  ${message}`,
    ...commands.map((command) => `${' '.repeat('warning'.length + 2)}$ ${command}`),
  ]);
  const count = (level: Finding['level']) =>
    findings.filter((finding) => finding.level === level).length;
  const faults = count('fault');
  const warnings = count('warning');
  return [
    `${kind} ${instance} in ${projectId}, version ${version}`,
    ...lines.map(toPrintable),
    `${faults} ${faults === 1 ? 'fault' : 'faults'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`,
    '',
  ].join('\n');
}

/** For a JSON document. */
export function installationJson({ installation, findings }: InstallationReport): object {
  const { kind, instance, projectId, version } = installation;
  return { kind, instance, projectId, version, findings };
}
