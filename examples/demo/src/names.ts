/** File names of uploads, for this tab only: they are never part of a record. */

const PREFIX = 'name:';

export function rememberName(id: string, name: string): void {
  try {
    sessionStorage.setItem(PREFIX + id, name);
  } catch {
    // Without storage, the photo has no name after a reload.
  }
}

export function nameOf(id: string): string | undefined {
  try {
    return sessionStorage.getItem(PREFIX + id) ?? undefined;
  } catch {
    return undefined;
  }
}

const SIGNED_IN = 'signed-in';

/** Whether a user has signed in here before, so that their photos are awaited instead of the sample. */
export function wasSignedIn(): boolean {
  try {
    return localStorage.getItem(SIGNED_IN) !== null;
  } catch {
    return false;
  }
}

export function rememberSignedIn(isSignedIn: boolean): void {
  try {
    if (isSignedIn) localStorage.setItem(SIGNED_IN, '1');
    else localStorage.removeItem(SIGNED_IN);
  } catch {
    // The sample is shown for a moment.
  }
}
