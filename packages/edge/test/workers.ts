/** Both Workers in Cloudflare's runtime, in front of any server: as deployed, over a service binding. */
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buildSync } from 'esbuild';
import { Miniflare } from 'miniflare';

const SOURCES = join(__dirname, '..', 'src');

/** Bundles a Worker from its source, as tools/bundle.mjs does, so that a test never runs an old build. */
function bundle(name: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(SOURCES, `${name}.ts`)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
  });
  return outputFiles[0]?.text ?? '';
}

export interface WorkerSettings {
  image?: Record<string, string>;
  file: Record<string, string>;
  /** Openings of sealed tokens for each client, per minute. */
  sealLimit?: number;
}

/** The log of the Workers. */
export type WorkerLog = string[];

/** Starts both. @param log gets what they write */
export function startWorkers(
  { image = {}, file, sealLimit }: WorkerSettings,
  log: WorkerLog,
): Miniflare {
  const common = { modules: true, compatibilityDate: '2026-07-01' };
  return new Miniflare({
    handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
      for (const stream of [stdout, stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => void log.push(text));
      }
    },
    workers: [
      {
        ...common,
        name: 'images',
        script: bundle('image-worker'),
        bindings: image,
        serviceBindings: { FILES: 'files' },
        images: { binding: 'IMAGES' },
        ...(sealLimit !== undefined && { ratelimits: ratelimitsOf(sealLimit) }),
      },
      { ...common, name: 'files', script: bundle('file-worker'), bindings: file },
    ],
  });
}

function ratelimitsOf(limit: number) {
  return { SEAL_LIMIT: { namespace_id: '1001', simple: { limit, period: 60 } } };
}
