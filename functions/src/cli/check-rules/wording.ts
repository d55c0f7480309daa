/** Says in sentences what a rule opens and what to change. */
import { ANY_PARENTS, type RulesMethod, type Statement } from 'firebase-rules-check';
import { ACTORS, ALLOWED, actors, type Actor, type Opened } from './access.js';
import { isName, patternAt, UNKNOWN_UID, type Target, type Thing } from './targets.js';

/** Segments before the name of an object or the path of a document. */
const SERVICE_SEGMENTS = 3;
const METHODS = ['get', 'list', 'create', 'update', 'delete'] as const;
const ADD_UP = 'Rules add up: no other rule can deny what this one allows.';

/** Who gets what through a statement, and what to change. */
export function describeExposure(statement: Statement, opened: readonly Opened[]): string {
  return `this rule lets ${grants(opened)}. ${advice(statement, opened)}`;
}

/** What the rule may open, and what decides that. */
export function describeNote(possible: readonly Opened[], on: readonly string[]): string {
  const depends = joined(on.map((text) => `\`${text}\``));
  const some = possible.map((one) => ({ ...one, actor: 'claims' as const }));
  return `this rule can let ${grants(some)}: that depends on ${depends}. Check that only people whom you trust get this access.`;
}

/** What owners can do beyond the block for originals; it concerns nobody else. */
export function describeHarmless(harmless: readonly Opened[]): string {
  return `this rule lets ${grants(harmless)}, which the block for originals does not.`;
}

/** Owners upload through this statement what the limits of the product's own block deny. */
export function describeUnlimited({ methods }: Statement): string {
  const allow = [...methods].join(', ');
  return (
    `this rule (${allow}) lets owners upload originals of any size. ` +
    'Remove `create` from it, or limit `request.resource.size` as the block for originals does.'
  );
}

/** `anyone get and list originals, and owners write image records`. */
function grants(opened: readonly Opened[]): string {
  const byActor = new Map<Actor, Map<string, Set<Thing>>>();
  const given = new Set<string>();
  for (const actor of actors) {
    const methodsOf = new Map<Thing, Set<RulesMethod>>();
    for (const { target, method } of opened.filter((one) => one.actor === actor)) {
      const key = `${target.thing} ${method}`;
      if (given.has(key)) continue;
      const methods = methodsOf.get(target.thing) ?? new Set();
      methodsOf.set(target.thing, methods.add(method));
    }
    // Actors later in the list can do what those before them can do.
    for (const [thing, methods] of methodsOf) {
      for (const method of methods) given.add(`${thing} ${method}`);
      const things = byActor.get(actor) ?? new Map<string, Set<Thing>>();
      const verbs = verbsOf(methods);
      byActor.set(actor, things.set(verbs, (things.get(verbs) ?? new Set()).add(thing)));
    }
  }
  return joined(
    [...byActor].flatMap(([actor, things]) =>
      [...things].map(([verbs, of]) => {
        const whose = actor === 'owner' ? 'their own ' : '';
        return `${ACTORS[actor]} ${verbs} ${whose}${joined([...of])}`;
      }),
    ),
  );
}

function verbsOf(methods: ReadonlySet<RulesMethod>): string {
  const verbs: string[] = METHODS.filter((method) => methods.has(method));
  const write = ['create', 'update', 'delete'];
  if (!write.every((verb) => verbs.includes(verb))) return joined(verbs);
  return joined([...verbs.filter((verb) => !write.includes(verb)), 'write']);
}

/** @returns the condition that excludes what a statement opens; undefined if none of its wildcards covers it */
export function exclusionOf(statement: Statement, opened: readonly Opened[]): string | undefined {
  const parts = opened.map(({ target }) => {
    // A query in all collections of a name, or of a whole bucket: the exclusion of the others denies it, too.
    const isGeneral = target.path.includes(ANY_PARENTS) || target.path.length === SERVICE_SEGMENTS;
    return isGeneral ? '' : distinction(statement, target);
  });
  if (parts.includes(undefined)) return undefined;
  const distinct = [...new Set(parts)].filter((part) => part !== '');
  return distinct.length > 0 ? distinct.join(' && ') : undefined;
}

/** A condition that is false for the target, by the values of the statement's wildcards. */
function distinction({ pattern }: Statement, { path }: Target): string | undefined {
  const single: string[] = [];
  for (let index = SERVICE_SEGMENTS; index < path.length; index++) {
    const segment = path[index] ?? '';
    if (!isName(segment)) continue;
    const part = patternAt(pattern, path.length, index);
    if (part?.kind !== 'wildcard') continue;
    if (!part.recursive) single.push(`${part.name} != '${segment}'`);
    else if (single.length === 0) {
      // Only the first: an index beyond the end of the path would deny more than this.
      return `${part.name}[${index - pattern.indexOf(part)}] != '${segment}'`;
    }
  }
  return single.length > 1 ? `(${single.join(' || ')})` : single[0];
}

function advice(statement: Statement, opened: readonly Opened[]): string {
  const exclusion = exclusionOf(statement, opened);
  if (exclusion === undefined) return removal(statement, opened);
  const { condition } = statement;
  const change =
    condition === undefined
      ? `Add \`: if ${exclusion}\` to it`
      : condition.includes('||') || condition.includes('?')
        ? `Put its condition in parentheses and add \`&& ${exclusion}\``
        : `Add \`&& ${exclusion}\` to its condition`;
  return `${change}, or narrow its path. ${ADD_UP}`;
}

function removal({ pattern }: Statement, opened: readonly Opened[]): string {
  const owners = opened.map(({ actor, target, method }) => {
    const index = target.path.indexOf(UNKNOWN_UID);
    const part = patternAt(pattern, target.path.length, index);
    const isOwners = ALLOWED.some(
      ({ thing, methods }) => thing === target.thing && methods.includes(method),
    );
    const isClosable =
      actor !== 'owner' && isOwners && part?.kind === 'wildcard' && !part.recursive;
    return isClosable ? part.name : undefined;
  });
  const [uid] = owners;
  return uid !== undefined && owners.every((other) => other === uid)
    ? `Add \`&& request.auth != null && request.auth.uid == ${uid}\` to its condition, or remove it. ${ADD_UP}`
    : `Remove it, or narrow its path. ${ADD_UP}`;
}

/** Joins texts: `a, b and c`. */
export function joined(texts: readonly string[]): string {
  const last = texts.at(-1) ?? '';
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(', ')} and ${last}`;
}
