/** The ports of a stack: the fixed ones of firebase.json, or any that are free. */
import { createServer, type Server } from 'node:net';

export const HOST = '127.0.0.1';

/** Emulators by firebase.json's names; each takes one port, Firestore one more. */
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

/** As many free ports of the loopback interface as a stack needs; all held at once, so all different. */
export async function findFreePorts(): Promise<Ports> {
  const names: PortName[] = [...EMULATORS, 'websocket'];
  const servers = await Promise.all(names.map(() => listen(0)));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return Object.fromEntries(names.map((name, i) => [name, ports[i]])) as Ports;
}

/** @throws Error naming every port that another program has */
export async function checkPorts(ports: Ports): Promise<void> {
  const taken: string[] = [];
  for (const [name, port] of Object.entries(ports)) {
    try {
      const server = await listen(port);
      await new Promise((done) => server.close(done));
    } catch {
      taken.push(`${port} (${name})`);
    }
  }
  if (taken.length === 0) return;
  const [verb, other] = taken.length === 1 ? ['Port', 'is'] : ['Ports', 'are'];
  throw new Error(
    `${verb} ${taken.join(', ')} ${other} taken by another program. ` +
      'Stop it, or let any free ports be used: npm start -- --free-ports',
  );
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, HOST, () => resolve(server));
  });
}
