import { announce, el } from './dom.js';

/**
 * Returns an element that requests the original without credentials and displays the result.
 *
 * @param url the object's download URL at Cloud Storage, without a download token
 */
export function originalAccessCheck(url: string): HTMLElement {
  const result = el('p', { class: 'result' });
  const checkAgain = el('button', { type: 'button', class: 'quiet' }, 'Check again');
  const element = el(
    'section',
    { class: 'access-check', 'data-testid': 'original-access-check', 'data-status': 'pending' },
    el('h3', {}, 'Original'),
    result,
    el('p', { class: 'note' }, 'This page requested the original without credentials:'),
    el('p', {}, el('code', {}, url)),
    checkAgain,
  );

  async function check(): Promise<void> {
    show('pending', 'pending', 'Checking…');
    try {
      const { status, body } = await fetch(url, { credentials: 'omit', cache: 'no-store' });
      void body?.cancel();
      show(String(status), ...describe(status));
    } catch {
      show('unreachable', 'unknown', 'Cloud Storage could not be reached. Try again.');
    }
  }
  function show(status: string, kind: ResultKind, text: string): void {
    element.dataset.status = status;
    result.dataset.kind = kind;
    result.textContent = text;
  }

  checkAgain.addEventListener('click', () => {
    void check().then(() => announce(result.textContent));
  });
  void check();
  return element;
}

/** Selects the color of a result; see style.css. */
type ResultKind = 'pending' | 'success' | 'error' | 'unknown';

function describe(status: number): [ResultKind, string] {
  if (status === 401 || status === 403) {
    return ['success', `Private: Cloud Storage denied access (${status}).`];
  }
  if (status >= 200 && status < 300) {
    return ['error', `Warning: the original is public. Cloud Storage returned it (${status}).`];
  }
  return ['unknown', `Cloud Storage returned an unexpected status: ${status}.`];
}
