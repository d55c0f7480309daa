/** An in-process replacement for Google's Firestore emulator that needs no Java. */
import type { OnDenied } from 'firebase-rules-check';
import { credentials, createGrpcServer } from './transport/grpc-server.js';
import { createRestServer } from './transport/rest-server.js';
import { rulesEngine } from './rules/rules-adapter.js';
import type { Issue, RulesEngine, RulesValue } from './rules/rules-engine.js';
import type { DatabaseName, StartRules } from './rules/rulesets.js';
import { Authorizer } from './rules/authorizer.js';
import { importDocuments } from './export/documents.js';
import { FirestoreService } from './service.js';
import { openSharedPort } from './transport/shared-port.js';
import { Triggers, type TriggerEvent } from './triggers.js';

export type { Issue, RulesValue } from './rules/rules-engine.js';
export type { DatabaseName, StartRules } from './rules/rulesets.js';
export type { TriggerEvent } from './triggers.js';

/** A running Firestore emulator. */
export interface FirestoreEmulator {
  port: number;
  host: string;
  /**
   * Replaces rules from the start, and those that a client has loaded since for the same databases of `projectId`.
   * @returns errors and warnings; the previous rules stay in force if there is an error
   */
  loadRules(rules: StartRules): Issue[];
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
  /** An export that is imported first: path of `NAME.overall_export_metadata`. */
  importFile?: string;
  /** Without rules every request is allowed, as in Google's emulator. */
  rules?: readonly StartRules[];
  /** Called for each warning about `rules`. */
  onWarning?: (issue: Issue) => void;
  /** Called once for each database that a client reaches without rules. */
  onOpenDatabase?: (name: DatabaseName) => void;
  /** Called for each request that the rules deny. */
  onDenied?: OnDenied;
  /** Called for each event of a registered function. */
  onEvent?: (event: TriggerEvent) => void;
  /** Default: firebase-rules-check. */
  engine?: RulesEngine;
}

/**
 * Starts the emulator on one port for gRPC and HTTP.
 * @throws Error when the port is in use, the rules have an error (with file, line and column), or the import fails
 */
export async function startFirestoreEmulator(
  options: FirestoreEmulatorOptions,
): Promise<FirestoreEmulator> {
  const { engine = rulesEngine, onDenied, onOpenDatabase } = options;
  const authorizer = new Authorizer(engine, onDenied, onOpenDatabase);
  for (const rules of options.rules ?? []) {
    const issues = authorizer.rulesets.loadDefault(rules);
    const issue = issues.find(({ severity }) => severity === 'ERROR');
    if (issue) {
      const { fileName, line, column } = issue.sourcePosition;
      throw new Error(`${fileName}:${line}:${column}: ${issue.description}`);
    }
    for (const warning of issues) options.onWarning?.(warning);
  }
  const service = new FirestoreService(authorizer, new Triggers(options.onEvent));
  if (options.importFile !== undefined) {
    importDocuments(options.importFile, options.projectId, (root) => service.storeOf(root));
  }
  const grpcServer = createGrpcServer(service);
  const injector = grpcServer.createConnectionInjector(credentials);
  const restServer = createRestServer(service);
  const sharedPort = await openSharedPort(options.host, options.port, {
    http2: (socket) => injector.injectConnection(socket),
    http1: (socket) => restServer.server.emit('connection', socket),
  });
  return {
    port: sharedPort.port,
    host: options.host,
    loadRules: (rules) => {
      const issues = authorizer.rulesets.loadDefault(rules);
      const isInForce = issues.every(({ severity }) => severity !== 'ERROR');
      const { database } = rules;
      if (isInForce) authorizer.rulesets.unload({ project: options.projectId, database });
      return issues;
    },
    readDocument: (path) => {
      const [, database, , ...rest] = path;
      const name = `projects/${options.projectId}/databases/${database}/documents/${rest.join('/')}`;
      const document = service.read(name);
      return Promise.resolve(document && authorizer.toRulesValue(document));
    },
    stop: async () => {
      injector.destroy();
      grpcServer.forceShutdown();
      restServer.close();
      restServer.server.closeAllConnections();
      await sharedPort.close();
    },
  };
}
