/** Waiting for the thing itself, never for a time that may or may not do. */

/**
 * Asks until the answer is one that passes.
 * @throws the last failure when none did within `timeoutMs`
 */
export async function eventually<T>(
  ask: () => Promise<T>,
  check: (answer: T) => void,
  timeoutMs = 15_000,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    try {
      check(answer);
      return answer;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
