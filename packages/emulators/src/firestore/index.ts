/** An in-process replacement for Google's Firestore emulator that needs no Java. */
import type { OnDenied } from 'firebase-rules-check';
import { credentials, createGrpcServer } from './transport/grpc-server.js';
import { createRestServer } from './transport/rest-server.js';
import { rulesEngine } from './rules/rules-adapter.js';
import type { Issue, RulesEngine, RulesValue } from './rules/rules-engine.js';
import { Authorizer } from './rules/authorizer.js';
import { FirestoreService } from './service.js';
import { openSharedPort } from './transport/shared-port.js';
import { Triggers, type TriggerEvent } from './triggers.js';

export type { Issue, RulesValue } from './rules/rules-engine.js';
export type { TriggerEvent } from './triggers.js';

/** A running Firestore emulator. */
export interface FirestoreEmulator {
  port: number;
  host: string;
  /** Loads security rules. Returns their errors; the previous rules stay in force if there are any. */
  loadRules(source: string, file: string): Issue[];
  /** Reads a document for `firestore.get()` in Storage rules. Path: ['databases', …, 'documents', …]. */
  readDocument(path: string[]): Promise<RulesValue | undefined>;
  /** Closes every connection and the port. */
  stop(): Promise<void>;
}

export interface FirestoreEmulatorOptions {
  host: string;
  /** 0 selects any free port. */
  port: number;
  projectId: string;
  rules?: { source: string; file: string };
  /** Called for each request that the rules deny. */
  onDenied?: OnDenied;
  /** Called for each event of a registered function. */
  onEvent?: (event: TriggerEvent) => void;
  /** Default: firebase-rules-check. */
  engine?: RulesEngine;
}

/**
 * Starts the emulator on one port for gRPC and HTTP.
 * @throws Error when the port is in use, or the rules have an error (with file, line and column)
 */
export async function startFirestoreEmulator(
  options: FirestoreEmulatorOptions,
): Promise<FirestoreEmulator> {
  const authorizer = new Authorizer(options.engine ?? rulesEngine, options.onDenied);
  if (options.rules) {
    const issues = authorizer.load(options.rules.source, options.rules.file);
    const issue = issues.find(({ severity }) => severity === 'ERROR');
    if (issue) {
      const { fileName, line, column } = issue.sourcePosition;
      throw new Error(`${fileName}:${line}:${column}: ${issue.description}`);
    }
  }
  const service = new FirestoreService(authorizer, new Triggers(options.onEvent));
  const grpcServer = createGrpcServer(service);
  const injector = grpcServer.createConnectionInjector(credentials);
  const restServer = createRestServer(service);
  const sharedPort = await openSharedPort(options.host, options.port, {
    http2: (socket) => injector.injectConnection(socket),
    http1: (socket) => restServer.emit('connection', socket),
  });
  return {
    port: sharedPort.port,
    host: options.host,
    loadRules: (source, file) => authorizer.load(source, file),
    readDocument: (path) => {
      const [, database, , ...rest] = path;
      const name = `projects/${options.projectId}/databases/${database}/documents/${rest.join('/')}`;
      const document = service.read(name);
      return Promise.resolve(document && authorizer.toRulesValue(document));
    },
    stop: async () => {
      injector.destroy();
      grpcServer.forceShutdown();
      restServer.closeAllConnections();
      await sharedPort.close();
    },
  };
}
