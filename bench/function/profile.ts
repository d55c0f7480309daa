/** Where the time of one upload goes in this project, from the event to the answer: medians over several uploads. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median, table } from '../figures.js';
import { cpuSeconds, ownCpuSeconds } from '../lifecycle/workers.js';
import type { BenchPaths } from '../paths.js';
import { startObserved, type ObservedStack, type Photo } from './measure.js';
import type { Subject } from './subject.js';
import type { Step } from './trace-function.js';

/** Uploads of each photo, after one that is not counted. */
const ROUNDS = 3;

/** A step of an upload, milliseconds after the original was created. */
export interface ProfiledStep {
  name: string;
  from: number;
  to: number;
}

/** Uploads each photo several times on a stack of its own; functions are slower than without the trace. */
export async function profileUploads(
  paths: BenchPaths,
  subject: Subject,
  photos: readonly Photo[],
): Promise<{ steps: ProfiledStep[]; cpu: Record<string, number>; text: string }> {
  const file = join(paths.out, 'function-trace.jsonl');
  mkdirSync(paths.out, { recursive: true });
  writeFileSync(file, '');
  process.env['TRACE'] = file;
  const stack = await startObserved(paths, subject, [join(__dirname, 'trace-function.js')]);
  const uploads: ProfiledStep[][] = [];
  const cpu: Record<string, number> = {};
  try {
    for (const photo of photos) await stack.upload([photo]);
    const before = cpuByProcess(stack);
    for (let round = 0; round < ROUNDS; round++) {
      for (const photo of photos) {
        const known = readSteps(file).length;
        const { createdAt } = await stack.upload([photo]);
        uploads.push(stepsOf(readSteps(file).slice(known), createdAt));
      }
    }
    for (const [name, seconds] of Object.entries(cpuByProcess(stack))) {
      cpu[name] = ((seconds - (before[name] ?? 0)) * 1000) / uploads.length;
    }
  } finally {
    delete process.env['TRACE'];
    await stack.close();
  }
  const steps = mergeUploads(uploads);
  const rows = steps.map(({ name, from, to }) => [name, ...[from, to, to - from].map(rounded)]);
  const head = [`one upload (${subject.name})`, 'from, ms', 'to, ms', 'takes, ms'];
  const shares = Object.entries(cpu).map(([name, ms]) => [name, rounded(ms)]);
  const text = `${table(head, rows)}\n${table(['process', 'CPU per upload, ms'], shares)}`;
  return { steps, cpu, text };
}

const FUNCTIONS = ['originalFinalized', 'metadataUpdated', 'processImage'];

/** CPU time so far of each function without its child processes, and of these, seconds. */
function cpuByProcess({ processes }: ObservedStack): Record<string, number> {
  const sum = (pids: number[], of: (pid: number) => number) =>
    pids.reduce((total, pid) => total + of(pid), 0);
  const own = FUNCTIONS.map((name) => [name, sum(processes(name), ownCpuSeconds)]);
  const decoders = sum(processes('processImage'), (pid) => cpuSeconds(pid) - ownCpuSeconds(pid));
  return Object.fromEntries([...own, ['decoder', decoders]]) as Record<string, number>;
}

const rounded = (value: number) => value.toFixed(1);

function readSteps(file: string): Step[] {
  // What follows the last line end is being written.
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Step);
}

/** What is sent is named by its first word and number. */
const NAMES: Record<string, string> = {
  'originalFinalized PATCH object 1': 'revoke the download token',
  'originalFinalized POST task 1': 'enqueue the task',
  'processImage GET media 1': 'download',
  'processImage GET object 1': 'look up the original',
};

/** @param all the steps that one upload has caused, in the order in which they ended */
function stepsOf(all: readonly Step[], createdAt: number): ProfiledStep[] {
  const counts = new Map<string, number>();
  const sorted = [...all].sort((a, b) => a.from - b.from);
  const find = (process: string, name: string) =>
    sorted.filter((step) => step.process === process && step.name === name);
  const [event] = find('originalFinalized', 'handled');
  const [task] = find('processImage', 'handled');
  const [enqueue] = find('originalFinalized', 'POST task');
  const commits = find('processImage', 'Commit');
  const [begin, finish] = [commits[0], commits.at(-1)];
  const gets = find('processImage', 'BatchGetDocuments');
  if (!event || !task || !enqueue || !begin || !finish || !gets[0]) {
    throw new Error(`expected an event, a task and two transactions, found ${all.length} steps`);
  }
  const finishGet = gets.find(({ from }) => from > begin.to) ?? finish;
  const steps: ProfiledStep[] = [
    { name: 'event delivered by the emulator', from: createdAt, to: event.from },
    { name: 'event parsed', from: event.from, to: enqueue.from },
    { name: 'task delivered by the emulator', from: enqueue.from, to: task.from },
    { name: 'task parsed', from: task.from, to: gets[0].from },
    { name: 'first transaction', from: gets[0].from, to: begin.to },
    { name: 'second transaction', from: finishGet.from, to: finish.to },
    { name: 'answer', from: finish.to, to: task.to },
  ];
  for (const step of sorted) {
    if (step.name === 'handled') continue;
    // The events of the renditions.
    if (step.process !== 'processImage' && step.process !== 'decoder' && step.from > task.from)
      continue;
    const kind = `${step.process} ${step.name}`;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const numbered = `${kind} ${count}`;
    const upload = kind === 'processImage POST object' ? `upload rendition ${count}` : undefined;
    steps.push({ ...step, name: NAMES[numbered] ?? upload ?? `- ${numbered}` });
  }
  return steps
    .map(({ name, from, to }) => ({ name, from: from - createdAt, to: to - createdAt }))
    .sort((a, b) => a.from - b.from);
}

/** Medians of the steps that at least half of the uploads have. */
function mergeUploads(uploads: readonly ProfiledStep[][]): ProfiledStep[] {
  const names = [...new Set(uploads.flat().map(({ name }) => name))];
  return names
    .flatMap((name) => {
      const found = uploads.flatMap((steps) => steps.filter((step) => step.name === name));
      if (found.length * 2 < uploads.length) return [];
      const from = median(found.map((step) => step.from));
      return [{ name, from, to: from + median(found.map((step) => step.to - step.from)) }];
    })
    .sort((a, b) => a.from - b.from);
}
