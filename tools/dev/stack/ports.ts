/** The ports of a stack: those in firebase.json, or any free ones. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

export const HOST = '127.0.0.1';

/** Emulators by their names in firebase.json. Each uses one port; Firestore uses two. */
export const EMULATORS = [
  'auth',
  'firestore',
  'storage',
  'functions',
  'hosting',
  'eventarc',
  'tasks',
  'hub',
  'logging',
] as const;

export type EmulatorName = (typeof EMULATORS)[number];
export type PortName = EmulatorName | 'websocket';
export type Ports = Record<PortName, number>;

/** Finds free ports for all emulators. All are open at the same time, so no two are equal. */
export async function findFreePorts(): Promise<Ports> {
  const names: PortName[] = [...EMULATORS, 'websocket'];
  const servers = await Promise.all(names.map(() => listen(0)));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(names.map((name, i) => [name, ports[i]])) as Ports;
}

/** @throws Error that lists every port in use by another program */
export async function checkPorts(ports: Ports): Promise<void> {
  const usedPorts: string[] = [];
  for (const [name, port] of Object.entries(ports)) {
    try {
      const server = await listen(port);
      await new Promise((resolve) => server.close(resolve));
    } catch {
      usedPorts.push(`${port} (${name})`);
    }
  }
  if (usedPorts.length === 0) return;
  const [noun, verb] = usedPorts.length === 1 ? ['Port', 'is'] : ['Ports', 'are'];
  throw new Error(
    `${noun} ${usedPorts.join(', ')} ${verb} taken by another program. ` +
      'Stop it, or use any free ports: npm start -- --free-ports',
  );
}

async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, HOST);
  await once(server, 'listening');
  return server;
}
