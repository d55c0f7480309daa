/** IPX, the image server of Nuxt: resizes the original for each request. Built of the folder that `--peer` names. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type { CommonFormat } from '../../functions/src/domain/format.js';

/** Resizes a file of the corpus to a width in pixels, with the settings that IPX has by default. */
export type Resize = (file: string, width: number, format: CommonFormat) => Promise<Buffer>;

export interface Ipx {
  version: string;
  resize: Resize;
}

/** The part of IPX that is used: https://github.com/unjs/ipx */
interface Module {
  ipxFSStorage(options: { dir: string }): object;
  createIPX(options: {
    storage: object;
  }): (
    id: string,
    modifiers: Record<string, string>,
  ) => { process(): Promise<{ data: Buffer | string }> };
}

/**
 * @param peer a folder in which `npm install ipx` was run
 * @param corpus the folder of the originals
 * @throws Error when the folder has no IPX
 */
export function openIpx(peer: string, corpus: string): Ipx {
  const folder = resolve(peer);
  const load = createRequire(join(folder, 'package.json'));
  const module = load('ipx') as Module;
  const file = join(folder, 'node_modules', 'ipx', 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  const ipx = module.createIPX({ storage: module.ipxFSStorage({ dir: resolve(corpus) }) });
  const resize: Resize = async (name, width, format) => {
    const { data } = await ipx(name, { width: String(width), format }).process();
    return Buffer.from(data);
  };
  return { version, resize };
}
