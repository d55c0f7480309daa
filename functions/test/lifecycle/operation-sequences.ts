/**
 * Random sequences of operations: uploads, overwrites, deletions, changed parameters, shares, revocations and
 * purges. Events are delivered late, twice and in any order; handlers run concurrently and are killed. The same
 * sequences run against the backend in memory and against the local stack.
 */
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { ModelChecker } from './model-checker.js';
import type { Subject } from './model-subject.js';

/** The state is kept by the ModelChecker. */
type Model = Record<string, never>;

/** An operation without preconditions. */
function operation(text: string, run: (checker: ModelChecker) => Promise<void> | void) {
  return {
    check: () => true,
    async run(_model: Model, checker: ModelChecker) {
      await run(checker);
      await setImmediate();
      await checker.check();
    },
    toString: () => text,
  } satisfies fc.AsyncCommand<Model, ModelChecker>;
}

/**
 * @param originals the number of originals; the first one is chosen more often
 * @param maxOperations the most operations of one sequence
 */
export function operationSequences(originals: number, maxOperations: number) {
  const original = fc.nat(originals).map((number) => Math.max(0, number - 1));
  const pick = fc.nat(20);
  const upload = (kind: 'good' | 'bad') =>
    original.map((index) =>
      operation(`upload a ${kind} image, ${index}`, (checker) =>
        checker.upload(checker.nameOf(index), kind),
      ),
    );
  /** Several calls of one handler while the others are paused. */
  const steps = fc.tuple(pick, fc.integer({ min: 1, max: 24 })).map(([index, count]) =>
    operation(`${count} calls of handler ${index}`, async (checker) => {
      for (let step = 0; step < count; step++) {
        await checker.step(index);
        if (checker.subject.checksEveryCall) await checker.check();
      }
    }),
  );
  const delivery = fc.tuple(pick, fc.boolean()).map(([index, isTwice]) =>
    operation(`deliver event ${index}${isTwice ? ' twice' : ''}`, (checker) => {
      const { events } = checker.harness;
      const [event] = events.splice(index % Math.max(1, events.length), 1);
      if (event === undefined) return;
      if (isTwice) events.push(event);
      checker.start({ kind: 'event', event });
    }),
  );
  const task = fc.constant(0).map(() =>
    operation('deliver a task', (checker) => {
      const next = checker.harness.takeTask();
      if (next) checker.start({ kind: 'task', task: next });
    }),
  );
  const share = fc
    .tuple(original, fc.boolean())
    .map(([index, isAgain]) =>
      operation(`share ${index}${isAgain ? ' again' : ''}`, (checker) =>
        checker.share(index, isAgain),
      ),
    );
  const view = fc
    .nat(1e6)
    .map((index) => operation(`view ${index}`, (checker) => checker.views.view(index)));
  const operations = [
    // Listed several times: chosen more often.
    upload('good'),
    upload('good'),
    upload('good'),
    upload('bad'),
    original.map((index) =>
      operation(`delete ${index}`, (checker) => checker.delete(checker.nameOf(index))),
    ),
    delivery,
    delivery,
    delivery,
    task,
    steps,
    steps,
    steps,
    pick.map((index) => operation(`kill handler ${index}`, (checker) => checker.kill(index))),
    fc
      .integer({ min: 1, max: 90_000 })
      .map((ms) => operation(`wait ${ms} ms`, (checker) => checker.wait(ms))),
    pick.map((index) =>
      operation(`change parameters to ${index}`, (checker) => checker.reconfigure(index)),
    ),
    share,
    share,
    view,
    view,
    pick.map((index) =>
      operation(`release ${index}`, async (checker) => void (await checker.views.release(index))),
    ),
    pick.map((index) =>
      operation(`update share ${index}`, (checker) => checker.sharing.updateShare(index)),
    ),
    pick.map((index) =>
      operation(`revoke share ${index}`, (checker) => checker.sharing.revokeShare(index)),
    ),
    original.map((index) =>
      operation(`replace the token of ${index}`, (checker) =>
        checker.sharing.rotate(checker.nameOf(index)),
      ),
    ),
    original.map((index) =>
      operation(`revoke all of ${index}`, (checker) =>
        checker.sharing.revokeAll(index === 0 ? undefined : checker.nameOf(index)),
      ),
    ),
    fc
      .tuple(original, pick)
      .map(([index, number]) =>
        operation(`set the focal point ${number} of ${index}`, (checker) =>
          checker.sharing.setFocus(checker.nameOf(index), number),
        ),
      ),
    fc.constant(0).map(() =>
      operation('make a call again', (checker) => {
        const call = checker.harness.calls.shift();
        if (call) checker.sharing.call(call.data);
      }),
    ),
    pick.map((index) => operation(`revoke token ${index}`, (checker) => checker.revoke(index))),
    // Rare, because it deletes everything.
    fc
      .nat(3)
      .map((number) =>
        operation(number === 0 ? 'purge' : 'nothing', (checker) =>
          number === 0 ? checker.purge() : undefined,
        ),
      ),
  ];
  return fc.commands(operations, { maxCommands: maxOperations, size: 'max' });
}

/** Runs a sequence, then all remaining events and tasks, and checks the final state. @returns what it counted */
export async function runSequence(
  subject: Subject,
  sequence: Iterable<fc.AsyncCommand<Model, ModelChecker>>,
  seed: number,
): Promise<ModelChecker> {
  const checker = new ModelChecker(subject);
  await fc.asyncModelRun(() => ({ model: {}, real: checker }), sequence);
  await checker.runToCompletion(seed);
  return checker;
}
