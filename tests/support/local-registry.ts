/**
 * A registry of npm packages with the tarballs of this repository. Redirects every other request to the registry
 * that npm is configured with. Of its own, because a complete registry would be a large development dependency.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { run } from './run.js';

interface Manifest extends Record<string, unknown> {
  name: string;
  version: string;
}

interface Published {
  manifest: Manifest;
  tarball: Buffer;
}

export class LocalRegistry {
  /** By name, in the order in which they were published. */
  readonly #packages = new Map<string, Published[]>();
  readonly #server: Server;

  private constructor(readonly upstream: string) {
    this.#server = createServer((request, response) => {
      const path = decodeURIComponent(request.url ?? '/').slice(1);
      const [name = '', , file] = path.split('/');
      const versions = this.#packages.get(name);
      if (versions === undefined) {
        response.writeHead(307, { location: new URL(request.url ?? '/', upstream).href }).end();
        return;
      }
      const body =
        file === undefined
          ? JSON.stringify(this.#document(name, versions))
          : versions.find((published) => fileOf(published) === file)?.tarball;
      response.writeHead(body === undefined ? 404 : 200).end(body);
    });
  }

  /** Starts on a free port. */
  static async start(): Promise<LocalRegistry> {
    const { out } = await run('npm', ['config', 'get', 'registry']);
    const upstream = out.trim().replace(/\/?$/, '/');
    const registry = new LocalRegistry(upstream);
    registry.#server.listen(0, '127.0.0.1');
    await once(registry.#server, 'listening');
    return registry;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** @param file tarball made by `npm pack` */
  async publish(file: string): Promise<Manifest> {
    const { out } = await run('tar', ['-xzOf', file, 'package/package.json']);
    const manifest = JSON.parse(out) as Manifest;
    const versions = this.#packages.get(manifest.name) ?? [];
    this.#packages.set(manifest.name, [...versions, { manifest, tarball: readFileSync(file) }]);
    return manifest;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md */
  #document(name: string, versions: Published[]): object {
    return {
      name,
      'dist-tags': { latest: versions.at(-1)?.manifest.version },
      versions: Object.fromEntries(
        versions.map((published) => {
          const { manifest, tarball } = published;
          const hash = (algorithm: string) => createHash(algorithm).update(tarball);
          const dist = {
            tarball: `${this.url}${name}/-/${fileOf(published)}`,
            shasum: hash('sha1').digest('hex'),
            integrity: `sha512-${hash('sha512').digest('base64')}`,
          };
          return [manifest.version, { ...manifest, dist }];
        }),
      ),
    };
  }
}

function fileOf({ manifest: { name, version } }: Published): string {
  return basename(`${name}-${version}.tgz`);
}
