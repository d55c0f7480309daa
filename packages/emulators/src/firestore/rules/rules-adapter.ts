/** Adapts firebase-rules-check to the `RulesEngine` interface of the emulator. */
import * as rules from 'firebase-rules-check';
import type { RulesEngine } from './rules-engine.js';

const NANOS_PER_SECOND = 1_000_000_000n;

/** The default rules engine. */
export const rulesEngine: RulesEngine = {
  compile(source, file) {
    try {
      const ruleset = rules.compileRules(source, file);
      return { ruleset, issues: [...ruleset.warnings] };
    } catch (error) {
      if (!(error instanceof rules.RulesSyntaxError)) throw error;
      const { line, column, problem } = error;
      const sourcePosition = { fileName: error.file, line, column };
      return { issues: [{ sourcePosition, severity: 'ERROR', description: problem }] };
    }
  },
  denialMessage: (method, tried) => rules.denialMessage({ method, tried }),
  anyDocument: rules.ANY_DOCUMENT,
  anyParents: rules.ANY_PARENTS,
  createSharedReads: () => new rules.SharedReads(),
  fromJson: rules.fromJson,
  float: rules.float,
  timestamp: (seconds, nanos) =>
    rules.timestamp(BigInt(seconds) * NANOS_PER_SECOND + BigInt(nanos)),
  latlng: rules.latlng,
  path: rules.path,
  list: rules.list,
  map: (entries) => rules.map(Object.entries(entries)),
  queryAlternatives: rules.queryAlternatives,
};
