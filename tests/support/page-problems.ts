/** What a page reports as wrong. */
import type { Page } from 'playwright-core';

/** @returns a list that grows with each uncaught error and each error in the console of the page */
export function collectProblems(page: Page): string[] {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  return problems;
}
