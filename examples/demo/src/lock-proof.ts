import { announce, el } from './dom.js';

/**
 * Asks for the original as a stranger would, without any credentials, and shows the answer as it is.
 *
 * @param url the object's own address at Storage
 */
export function lockProof(url: string): HTMLElement {
  const verdict = el('p', { class: 'verdict' });
  const again = el('button', { type: 'button', class: 'quiet' }, 'Ask again');
  const proof = el(
    'section',
    { class: 'lock', 'data-testid': 'lock-proof', 'data-status': 'asking' },
    el('h3', {}, 'The original'),
    verdict,
    el('p', { class: 'note' }, 'Without credentials, this page asked Storage itself for:'),
    el('p', {}, el('code', {}, url)),
    again,
  );

  async function ask(): Promise<void> {
    show('asking', 'waiting', 'Asking for it…');
    try {
      const { status, body } = await fetch(url, { credentials: 'omit', cache: 'no-store' });
      void body?.cancel();
      show(String(status), ...judge(status));
    } catch {
      show('unreachable', 'unsure', 'Storage could not be reached, so nothing is proven.');
    }
  }
  function show(status: string, mood: Mood, text: string): void {
    proof.dataset.status = status;
    verdict.dataset.mood = mood;
    verdict.textContent = text;
  }

  again.addEventListener('click', () => {
    void ask().then(() => announce(verdict.textContent));
  });
  void ask();
  return proof;
}

type Mood = 'waiting' | 'locked' | 'open' | 'unsure';

function judge(status: number): [Mood, string] {
  if (status === 401 || status === 403) {
    return ['locked', `Locked. Storage refused it: ${status}.`];
  }
  if (status >= 200 && status < 300) {
    return ['open', `Warning: not locked. Storage handed the original out: ${status}.`];
  }
  return ['unsure', `Storage answered ${status}: neither handed out nor refused.`];
}
