/** A stand-in for Google's Firestore emulator, in this process and without Java. */
import type { OnDenied } from 'firebase-rules-check';
import { credentials, makeGrpcServer } from './grpc-server.js';
import { makeRestServer } from './rest-server.js';
import { rulesEngine } from './rules-adapter.js';
import type { Issue, RulesEngine, RulesValue } from './rules-engine.js';
import { RulesGate } from './rules-gate.js';
import { FirestoreService } from './service.js';
import { openSharedPort } from './shared-port.js';

export type { Issue, RulesValue } from './rules-engine.js';

/** A running Firestore front. */
export interface FirestoreEmulator {
  port: number;
  host: string;
  /** Loads security rules; with a mistake in them the rules before stay. */
  loadRules(source: string, file: string): Issue[];
  /** A document for the firestore.get() of Storage rules: path ['databases', …, 'documents', …]. */
  readDocument(path: string[]): Promise<RulesValue | undefined>;
  /** Ends every connection and frees the port. */
  stop(): Promise<void>;
}

export interface FirestoreEmulatorOptions {
  host: string;
  /** 0 takes any free port. */
  port: number;
  projectId: string;
  rules?: { source: string; file: string };
  /** Told of each request that the rules deny. */
  onDenied?: OnDenied;
  /** Another rules engine than local/rules, for tests. */
  engine?: RulesEngine;
}

/** Starts a front; rejects when the port is taken or the rules have a mistake. */
export async function startFirestoreEmulator(
  options: FirestoreEmulatorOptions,
): Promise<FirestoreEmulator> {
  const gate = new RulesGate(options.engine ?? rulesEngine, options.onDenied);
  if (options.rules) {
    const [mistake] = gate.load(options.rules.source, options.rules.file);
    if (mistake) {
      const { fileName, line, column } = mistake.sourcePosition;
      throw new Error(`${fileName}:${line}:${column}: ${mistake.description}`);
    }
  }
  const service = new FirestoreService(gate);
  const grpcServer = makeGrpcServer(service);
  const injector = grpcServer.createConnectionInjector(credentials);
  const restServer = makeRestServer(service);
  const open = await openSharedPort(options.host, options.port, {
    http2: (socket) => injector.injectConnection(socket),
    http1: (socket) => restServer.emit('connection', socket),
  });
  return {
    port: open.port,
    host: options.host,
    loadRules: (source, file) => gate.load(source, file),
    readDocument: (path) => {
      const [, database, , ...rest] = path;
      const name = `projects/${options.projectId}/databases/${database}/documents/${rest.join('/')}`;
      const document = service.read(name);
      return Promise.resolve(document && gate.value(document));
    },
    stop: async () => {
      injector.destroy();
      grpcServer.forceShutdown();
      restServer.closeAllConnections();
      await open.close();
    },
  };
}
