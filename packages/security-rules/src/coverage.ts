/** Counts the results of the expressions of a rules file, as Google's Firestore emulator reports them. */
import type { Block, Expression, Match, RulesFile } from './ast.js';
import { childrenOf } from './children.js';
import type { EvaluationError, SourcePosition } from './errors.js';
import type { Source } from './source.js';
import { NANOS_PER_SECOND, type RulesValue } from './values.js';

/** Bounds the memory of one expression; further values are counted as the last one. */
const MAX_VALUES = 50;
const MAX_VALUE_LENGTH = 200;

type ReportedValue =
  null | boolean | number | string | { readonly undefined: { readonly causeMessage: string } };

/**
 * A result and how often it occurred. An error is `{undefined: {causeMessage}}`, a map, list or set its type and
 * size, such as `map of 3`.
 */
export interface ValueCount {
  readonly value: ReportedValue;
  readonly count: number;
}

/** The results of an expression: `ExpressionReport` of the Firebase Rules API. */
export interface ExpressionReport {
  readonly sourcePosition: SourcePosition;
  /** Absent if the expression was never evaluated. */
  readonly values?: readonly ValueCount[];
  /** Absent if it has no parts. */
  readonly children?: readonly ExpressionReport[];
}

/** Counts results for one ruleset. `Ruleset.coverage` creates it; `RulesRequest.coverage` fills it. */
export class Coverage {
  private readonly counts = new Map<Expression, Map<string, number>>();

  constructor(
    private readonly file: RulesFile,
    private readonly source: Source,
  ) {}

  /** Counts one result. The evaluator calls it. */
  record(expression: Expression, outcome: RulesValue | EvaluationError): void {
    if (expression.kind === 'literal') return;
    const values = this.counts.get(expression) ?? new Map<string, number>();
    this.counts.set(expression, values);
    let key = keyOf(outcome);
    if (!values.has(key) && values.size >= MAX_VALUES) key = [...values.keys()].at(-1) ?? key;
    values.set(key, (values.get(key) ?? 0) + 1);
  }

  /** Forgets all results. */
  clear(): void {
    this.counts.clear();
  }

  /** One entry for the condition of each `allow` and each part of a function, in source order. */
  report(): ExpressionReport[] {
    return rootsOf(this.file)
      .filter(({ kind }) => kind !== 'literal')
      .sort((a, b) => a.start - b.start)
      .map((root) => this.reportOf(root));
  }

  private reportOf(expression: Expression): ExpressionReport {
    const values = [...(this.counts.get(expression) ?? [])].map(([key, count]): ValueCount => ({
      value: JSON.parse(key) as ReportedValue,
      count,
    }));
    // Google's emulator does not report literals.
    const parts = childrenOf(expression).filter(({ kind }) => kind !== 'literal');
    return {
      sourcePosition: this.source.sourcePosition(expression),
      ...(values.length > 0 && { values }),
      ...(parts.length > 0 && { children: parts.map((part) => this.reportOf(part)) }),
    };
  }
}

function rootsOf(file: RulesFile): Expression[] {
  const ofBlock = ({ functions, matches }: Pick<Block, 'functions' | 'matches'>): Expression[] => [
    ...functions.flatMap(({ lets, result }) => [...lets.map(({ value }) => value), result]),
    ...matches.flatMap(ofMatch),
  ];
  const ofMatch = (match: Match): Expression[] => [
    ...match.allows.flatMap(({ condition }) => condition ?? []),
    ...ofBlock(match),
  ];
  return [...ofBlock({ ...file, matches: [] }), ...file.services.flatMap(ofBlock)];
}

function keyOf(outcome: RulesValue | EvaluationError): string {
  if (outcome instanceof Error) {
    const causeMessage = outcome.message.slice(0, MAX_VALUE_LENGTH);
    return JSON.stringify({ undefined: { causeMessage } } satisfies ReportedValue);
  }
  return JSON.stringify(reportedValue(outcome));
}

function reportedValue(value: RulesValue): ReportedValue {
  switch (value.type) {
    case 'null':
      return null;
    case 'bool':
      return value.value;
    case 'int':
      return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : `${value.value}`;
    case 'float':
      // JSON has no NaN and no Infinity.
      return Number.isFinite(value.value) ? value.value : String(value.value);
    case 'string':
      return value.value.slice(0, MAX_VALUE_LENGTH);
    case 'path':
      return `/${value.segments.join('/')}`.slice(0, MAX_VALUE_LENGTH);
    case 'timestamp':
      return new Date(Number(value.nanos / (NANOS_PER_SECOND / 1000n))).toISOString();
    case 'duration':
      return `${Number(value.nanos) / Number(NANOS_PER_SECOND)}s`;
    case 'latlng':
      return `latlng ${value.latitude}, ${value.longitude}`;
    case 'map':
      return `map of ${value.fields.size}`;
    case 'list':
      return `list of ${value.items.length}`;
    case 'set':
      return `set of ${value.members.size}`;
    case 'bytes':
      return `bytes of ${value.value.length}`;
    case 'map_diff':
    case 'constrained':
      return value.type;
  }
}
