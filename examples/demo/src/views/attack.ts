/** The second page: what an attacker would try, its answers, and what stopped it. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { ATTACKS, type Attack, type AttackContext, type Exchange } from '../attacks.js';
import { errorText } from '../format-text.js';
import type { View } from './parts.js';

/** An attack that runs or ran. */
interface Run {
  isRunning: boolean;
  exchanges: Exchange[];
  error?: string;
}

/** Opens the page. @returns its view, which is called at each change of the state */
export function openAttacks(context: AttackContext): (view: View) => TemplateResult {
  const runs = new Map<string, Run>();

  async function start({ id, title, run }: Attack, { actions }: View): Promise<void> {
    const current: Run = { isRunning: true, exchanges: [] };
    runs.set(id, current);
    actions.redraw();
    try {
      await run(context, (exchange) => {
        current.exchanges.push(exchange);
        actions.redraw();
      });
      actions.announce(`${title}: ${verdict(current)}`);
    } catch (error) {
      current.error = errorText(error);
      actions.announce(current.error);
    }
    current.isRunning = false;
    actions.redraw();
  }

  return (view) =>
    html`<div class="attacks">
      ${ATTACKS.map((attack) => attackView(attack, runs.get(attack.id), () => void start(attack, view)))}
    </div>`;
}

/** The last answer decides: a URL works until it is revoked. */
const isStopped = ({ exchanges }: Run) => exchanges.at(-1)?.isRefused === true;
const verdict = (run: Run) => (isStopped(run) ? 'stopped' : 'not stopped');

function attackView(attack: Attack, run: Run | undefined, start: () => void): TemplateResult {
  const { id, title, stop, code } = attack;
  const text = run?.isRunning ? 'Trying…' : 'Try it';
  const isOver = run !== undefined && !run.isRunning && run.error === undefined;
  return html`<section
    class="card attack"
    aria-labelledby="attack-${id}"
    data-testid="attack-${id}"
    data-result=${isOver ? verdict(run) : 'none'}
  >
    <header>
      <h2 id="attack-${id}">${title}</h2>
      <button
        type="button"
        class="quiet"
        aria-label="${text}: ${title}"
        ?disabled=${run?.isRunning}
        @click=${start}
      >
        ${text}
      </button>
    </header>
    <div class="attack-body" role="group" aria-label="Answers: ${title}" tabindex="0">
      ${run ? answersView(run) : html`<p class="note">${stop}</p>`}
      ${
        isOver
          ? html`<p class="verdict" data-kind=${isStopped(run) ? 'good' : 'bad'}>
                <b>${isStopped(run) ? 'Stopped.' : 'Not stopped!'}</b> ${stop}
              </p>
              <pre class="rule"><code>${code}</code></pre>`
          : nothing
      }
    </div>
  </section>`;
}

function answersView({ exchanges, error }: Run): TemplateResult {
  return html`<ol>
      ${exchanges.map(
        ({ request, status, body }) =>
          html`<li data-testid="exchange" data-status=${status}>
            <code>${request}</code>
            <p><b>${status || 'No answer'}</b> <span class="note">${body}</span></p>
          </li>`,
      )}
    </ol>
    ${error === undefined ? nothing : html`<p class="bad" role="alert">${error}</p>`}`;
}
