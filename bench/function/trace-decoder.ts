/** Loaded into the process that decodes: appends the times of each decode, resize and encode to the file in TRACE. */
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Sharp } from 'sharp';
import type { Step } from './trace-function.js';

/** What sharp knows about a pipeline. */
interface Pipeline {
  options: { formatOut: string; input: { rawWidth?: number }; width: number };
}

const file = process.env['TRACE'];
const script = process.argv[1];
if (file !== undefined && script !== undefined) trace(file, script);

function trace(file: string, script: string): void {
  const now = () => performance.timeOrigin + performance.now();
  const write = (name: string, from: number, to = now()) =>
    appendFileSync(
      file,
      `${JSON.stringify({ process: 'decoder', name, from, to } satisfies Step)}\n`,
    );
  const sharp = createRequire(script)('sharp') as { prototype: Sharp };
  process.on('message', () => write('request', now()));
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the pipeline below
  const { toBuffer } = sharp.prototype;
  sharp.prototype.toBuffer = function (this: Sharp & Pipeline, ...args: never) {
    const from = now();
    const { formatOut, input, width } = this.options;
    const isFile = input.rawWidth === undefined;
    const isResize = formatOut === 'raw';
    const name = isFile
      ? 'decode'
      : isResize
        ? `resize to ${width}`
        : `encode ${formatOut} ${input.rawWidth}`;
    const result = toBuffer.apply(this, args) as unknown as Promise<unknown>;
    const done = () => write(name, from);
    result.then(done, done);
    return result;
  } as unknown as typeof toBuffer;
}
