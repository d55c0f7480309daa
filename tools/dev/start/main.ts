/** `npm start`, after the set-up. */
import { join } from 'node:path';
import type { Stack } from '../stack/stack.js';
import { startStack } from '../stack/stack.js';
import { publishStack } from '../stack/stack-file.js';
import { parseArguments, USAGE, type Arguments } from './arguments.js';
import type { DemoUser } from './demo-user.js';
import type { Report } from './once.js';

const SAMPLE = 'tests/fixtures/photos/seeding.jpg';

/**
 * @param argv the arguments after `npm start --`
 * @param root the root folder of the repository
 * @returns the exit code: 0 on success, 1 on failure, 130 when interrupted
 */
export async function main(argv: string[], root: string): Promise<number> {
  let options: Arguments;
  try {
    options = parseArguments(argv);
  } catch (error) {
    printStep(`${messageOf(error)}\n${USAGE}`);
    return 1;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    return await run(options, root);
  } catch (error) {
    printStep(messageOf(error));
    return 1;
  }
}

async function run(options: Arguments, root: string): Promise<number> {
  const { form, freePorts, once, official } = options;
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => resolve('interrupted'));
    }
  });
  const startedAt = Date.now();
  printStep(`starting the local Firebase stack (${form})`);
  const starting = startStack({
    root,
    form,
    freePorts,
    official,
    sealingKeys: process.env['SEALING_KEYS'],
    onStep: printStep,
    ...(options.explain && { onDenied: printStep }),
  });
  // The client SDKs load slowly; they load while the stack starts.
  const loading = Promise.all([import('./demo-user.js'), import('./once.js')]);
  loading.catch(() => {});
  const stack = await Promise.race([starting, interrupted]);
  if (stack === 'interrupted') {
    await (await starting).stop();
    return 130;
  }
  // A run with --once must not replace the entry of a stack that keeps running.
  const unpublish = once ? undefined : await publishStack(root, stack.info);
  const abort = new AbortController();
  let user: DemoUser | undefined;
  try {
    const [{ signInDemoUser }, { processFile, hasSucceeded }] = await loading;
    const work = async () => {
      user = await signInDemoUser(stack.info);
      if (once) {
        let allSucceeded = true;
        for (const { name, path } of once) {
          printStep(`processing ${name}`);
          const report = await processFile(path, user, stack.info, abort.signal);
          if (abort.signal.aborted) return 130;
          report.file = name;
          process.stdout.write(`${JSON.stringify(report)}\n`);
          allSucceeded &&= hasSucceeded(report);
        }
        return allSucceeded ? 0 : 1;
      }
      printStep('processing the sample photo');
      const report = await processFile(join(root, SAMPLE), user, stack.info, abort.signal);
      if (!hasSucceeded(report))
        throw new Error(`the sample photo failed: ${JSON.stringify(report)}`);
      await showSample(stack, user, report);
      printUrls(stack, report.token ?? '', report, (Date.now() - startedAt) / 1000);
      return undefined;
    };
    const code = await Promise.race([work(), interrupted, throwOnExit(stack)]);
    if (code === 'interrupted') return 130;
    if (code !== undefined) return code;
    await Promise.race([interrupted, throwOnExit(stack)]);
    printStep('stopping the local Firebase stack');
    return 0;
  } finally {
    abort.abort();
    unpublish?.();
    await user?.close();
    await stack.stop();
  }
}

/** Shows the sample photo on the demo page. */
async function showSample(stack: Stack, { images }: DemoUser, report: Report): Promise<void> {
  const { imageId = '', token = '', original } = report;
  const image = await images.waitFor(imageId);
  const { bytes, width = 0, height = 0 } = image.original;
  stack.showSample({ token, objectUrl: original?.url ?? '', bytes, width, height });
}

async function throwOnExit(stack: Stack): Promise<never> {
  await stack.ended;
  throw new Error(`the local Firebase stack ended unexpectedly; its log: ${stack.logFile}`);
}

function printUrls(
  { info }: Stack,
  token: string,
  report: {
    variants: { name: string; format: string }[];
    original?: { url: string; status: number };
  },
  seconds: number,
): void {
  const base = `${info.demo}i/${token}`;
  const lines = report.variants.map(
    ({ name, format }) => `    curl -O ${base}/${name}.${format === 'jpeg' ? 'jpg' : format}`,
  );
  process.stdout.write(`
Ready after ${seconds.toFixed(1)} s. Press Ctrl-C to stop.

  Demo page        ${info.demo}
  Sample photo     ${base}/w800
  its manifest     ${base}
  its variants
${lines.join('\n')}
  its original     ${report.original?.url} (answers ${report.original?.status})
`);
}

function printStep(text: string): void {
  process.stderr.write(`- ${text}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
