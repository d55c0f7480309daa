/** `npm start`, after everything is installed and built. */
import { join } from 'node:path';
import type { Stack } from '../stack/stack.js';
import { startStack } from '../stack/stack.js';
import { publishStack } from '../stack/stack-file.js';
import { parseArguments, USAGE, type Arguments } from './arguments.js';
import type { DemoUser } from './demo-user.js';

const SAMPLE = 'tests/fixtures/photos/seeding.jpg';

/**
 * @param argv what follows `npm start --`
 * @param root the repository
 * @returns the exit code
 */
export async function main(argv: string[], root: string): Promise<number> {
  let wanted: Arguments;
  try {
    wanted = parseArguments(argv);
  } catch (error) {
    say(`${messageOf(error)}\n${USAGE}`);
    return 1;
  }
  if (wanted.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    return await run(wanted, root);
  } catch (error) {
    say(messageOf(error));
    return 1;
  }
}

async function run(wanted: Arguments, root: string): Promise<number> {
  const { form, freePorts, once, official } = wanted;
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => resolve('interrupted'));
    }
  });
  const begun = Date.now();
  say(`starting the local Firebase stack (${form})`);
  const starting = startStack({
    root,
    form,
    freePorts,
    official,
    onStep: say,
    ...(wanted.explain && { onDenied: say }),
  });
  // The client SDKs take a while to load: time that the stack needs anyway.
  const loading = Promise.all([import('./demo-user.js'), import('./once.js')]);
  loading.catch(() => {});
  const stack = await Promise.race([starting, interrupted]);
  if (stack === 'interrupted') {
    await (await starting).stop();
    return 130;
  }
  // A run that ends by itself must not take the place of one that stays.
  const unpublish = once ? undefined : await publishStack(root, stack.info);
  const ending = new AbortController();
  let user: DemoUser | undefined;
  try {
    const [{ signInDemoUser }, { isGood, processPhoto }] = await loading;
    const work = async () => {
      user = await signInDemoUser(stack.info);
      if (once) {
        let good = true;
        for (const { name, path } of once) {
          say(`processing ${name}`);
          const report = await processPhoto(path, user, stack.info, ending.signal);
          if (ending.signal.aborted) return 130;
          report.file = name;
          process.stdout.write(`${JSON.stringify(report)}\n`);
          good &&= isGood(report);
        }
        return good ? 0 : 1;
      }
      say('making the variants of the sample photo');
      const report = await processPhoto(join(root, SAMPLE), user, stack.info, ending.signal);
      if (!isGood(report)) throw new Error(`the sample photo failed: ${JSON.stringify(report)}`);
      printAddresses(stack, report.token ?? '', report, (Date.now() - begun) / 1000);
      return undefined;
    };
    const code = await Promise.race([work(), interrupted, crashed(stack)]);
    if (code === 'interrupted') return 130;
    if (code !== undefined) return code;
    await Promise.race([interrupted, crashed(stack)]);
    say('ending everything');
    return 0;
  } finally {
    ending.abort();
    unpublish?.();
    await user?.leave();
    await stack.stop();
  }
}

async function crashed(stack: Stack): Promise<never> {
  await stack.ended;
  throw new Error(`the local Firebase stack has ended by itself; its log: ${stack.logFile}`);
}

function printAddresses(
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
Ready after ${seconds.toFixed(1)} s. Ctrl-C ends it.

  Demo page        ${info.demo}
  Sample photo     ${base}/w800
  its manifest     ${base}
  its variants
${lines.join('\n')}
  its original     ${report.original?.url} (answers ${report.original?.status})
`);
}

function say(text: string): void {
  process.stderr.write(`- ${text}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
