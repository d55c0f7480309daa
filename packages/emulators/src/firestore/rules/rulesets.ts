/** The security rules of every project and database. */
import type { Coverage, ExpressionReport, Issue, RulesEngine, Ruleset } from './rules-engine.js';

/** Sources kept in memory, in UTF-16 code units: a client must not fill the memory with rules. */
const MAX_TOTAL_LENGTH = 64 * 1024 * 1024;
/** Databases whose results are counted separately, for each rules file. */
const MAX_COVERAGES = 1000;

/** A database of a project. */
export interface DatabaseName {
  project: string;
  database: string;
}

/** Rules that apply from the start of the emulator. */
export interface StartRules {
  source: string;
  /** Name of the file, for messages. */
  file: string;
  /** ID of the database; absent if the rules apply to every database without rules of its own. */
  database?: string;
}

/** Rules that are in force. */
export interface LoadedRules {
  readonly source: string;
  readonly file: string;
  readonly ruleset: Ruleset;
  /** The warnings that loading them gave. */
  readonly issues: readonly Issue[];
}

/**
 * Rules of a project and database, with defaults for those that have none. As in Google's emulator, the rules from
 * firebase.json apply to all projects, rules of the REST API to one database, and everything is allowed where neither
 * exists.
 * @see https://firebase.google.com/docs/firestore/security/test-rules-emulator
 */
export class Rulesets {
  /** By database ID; '' applies to every database. */
  readonly #defaults = new Map<string, LoadedRules>();
  /** By project and database. */
  readonly #own = new Map<string, LoadedRules>();
  readonly #coverages = new WeakMap<LoadedRules, Map<string, Coverage>>();
  readonly #reportedOpen = new Set<string>();

  /** @param onOpen called once for each database that a client reaches without rules */
  constructor(
    private readonly engine: RulesEngine,
    private readonly onOpen: (name: DatabaseName) => void = () => undefined,
  ) {}

  /**
   * Loads the rules of all databases, or of the databases with one ID, that have no rules of their own.
   * @returns errors and warnings; the previous rules stay in force if there is an error
   */
  loadDefault({ source, file, database = '' }: StartRules): Issue[] {
    return this.#load(this.#defaults, database, source, file);
  }

  /**
   * Loads the rules of one database.
   * @returns errors and warnings; the previous rules stay in force if there is an error
   */
  load(name: DatabaseName, source: string, file: string): Issue[] {
    return this.#load(this.#own, keyOf(name), source, file);
  }

  /** Removes the rules that `load` set, so that the defaults apply again. */
  unload({ project, database }: { project: string; database?: string | undefined }): void {
    for (const key of this.#own.keys()) {
      const [ownProject, ownDatabase] = key.split('/');
      if (ownProject === project && (database ?? ownDatabase) === ownDatabase)
        this.#own.delete(key);
    }
  }

  /** The rules of a database; undefined if it has none, so that every request is allowed. */
  find(name: DatabaseName): LoadedRules | undefined {
    return (
      this.#own.get(keyOf(name)) ?? this.#defaults.get(name.database) ?? this.#defaults.get('')
    );
  }

  /** As `find`, for the evaluation of a request: reports that there are no rules, and counts results. */
  use(name: DatabaseName): { rules: LoadedRules; coverage: Coverage } | undefined {
    const rules = this.find(name);
    if (rules) return { rules, coverage: this.#coverage(rules, name) };
    const key = keyOf(name);
    if (!this.#reportedOpen.has(key) && this.#reportedOpen.size < MAX_COVERAGES) {
      this.#reportedOpen.add(key);
      this.onOpen(name);
    }
    return undefined;
  }

  /** The results of all expressions since the rules of the database were loaded. */
  report(name: DatabaseName): ExpressionReport[] {
    const rules = this.find(name);
    return rules ? this.#coverage(rules, name).report() : [];
  }

  #load(rules: Map<string, LoadedRules>, key: string, source: string, file: string): Issue[] {
    const { ruleset, issues } = this.engine.compile(source, file);
    if (!ruleset) return issues;
    const others = [...this.#defaults.values(), ...this.#own.values()];
    const kept = others.filter((loaded) => loaded !== rules.get(key));
    const length = kept.reduce((sum, loaded) => sum + loaded.source.length, source.length);
    if (length > MAX_TOTAL_LENGTH) {
      const description = `Expected at most ${MAX_TOTAL_LENGTH} characters of rules in all projects, found ${length}.`;
      const sourcePosition = { fileName: file, line: 1, column: 1 };
      return [{ sourcePosition, severity: 'ERROR', description }];
    }
    rules.set(key, { source, file, ruleset, issues });
    return issues;
  }

  #coverage(rules: LoadedRules, name: DatabaseName): Coverage {
    const coverages = this.#coverages.get(rules) ?? new Map<string, Coverage>();
    this.#coverages.set(rules, coverages);
    const key = coverages.size < MAX_COVERAGES ? keyOf(name) : '';
    const coverage = coverages.get(key) ?? rules.ruleset.coverage();
    coverages.set(key, coverage);
    return coverage;
  }
}

function keyOf({ project, database }: DatabaseName): string {
  return `${project}/${database}`;
}
