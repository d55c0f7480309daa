/** The public interface of the package. */
export type {
  Allow,
  Block,
  Match,
  PathPattern,
  RulesFile,
  RulesMethod,
  RulesVersion,
  Service,
  ServiceName,
} from './ast.js';
export { authOfToken, type ClientAuth } from './client-token.js';
export { denialMessage, describeDenial, type Denial, type OnDenied } from './denial.js';
export { setOf } from './equality.js';
export type { Coverage, ExpressionReport, ValueCount } from './coverage.js';
export {
  describeWarning,
  RulesSyntaxError,
  type Position,
  type RulesWarning,
  type SourcePosition,
} from './errors.js';
export { fromJson } from './json.js';
export { LIMITS } from './limits.js';
export { ANY_DOCUMENT, ANY_PARENTS } from './matcher.js';
export {
  queryAlternatives,
  type FilterOperator,
  type QueryAlternative,
  type QueryFilter,
} from './query-filters.js';
export { SharedReads, type DocumentReader } from './reads.js';
export {
  bool,
  bytes,
  constrained,
  duration,
  float,
  int,
  latlng,
  list,
  map,
  NULL,
  path,
  string,
  timestamp,
} from './values.js';
export { PartialItems, PartialMap, Unknown, type Origin, type Possible } from './unknown.js';
export type { Bound, ConstrainedValue, RulesValue } from './values.js';
export {
  compileRules,
  parseRules,
  type AllowTrace,
  type Decision,
  type Ruleset,
  type RulesRequest,
} from './ruleset.js';
export type { Possibility, PossibleRequest, PossibleTrace, Statement } from './possibilities.js';
