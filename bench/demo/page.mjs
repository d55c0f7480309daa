/** Runs in the demo page, before its scripts: collects what landing.ts reads from `window.landing`. */
/* global window, document, performance, PerformanceObserver */

const readBytes = () =>
  [
    ...performance.getEntriesByType('navigation'),
    ...performance.getEntriesByType('resource'),
  ].reduce((sum, { transferSize }) => sum + transferSize, 0);

window.landing = {
  lcpMs: 0,
  cls: 0,
  /** @returns false until the picture is decoded, and the answer for the original is on the screen */
  readUsable() {
    const image = document.querySelector('[data-testid=picture]');
    const isShown = image?.complete === true && image.naturalWidth > 0;
    const answered = document.querySelector('[data-testid=original][data-status="403"]');
    if (!isShown || answered === null) return false;
    return { usableMs: performance.now(), usableBytes: readBytes() };
  },
  /** Once the network is idle. */
  readAll: () => ({
    ...{ lcpMs: window.landing.lcpMs, cls: window.landing.cls },
    totalBytes: readBytes(),
  }),
};

new PerformanceObserver((list) => {
  window.landing.lcpMs = list.getEntries().at(-1).startTime;
}).observe({ type: 'largest-contentful-paint', buffered: true });

// https://wicg.github.io/layout-instability/#sec-layout-shift
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput } of list.getEntries()) {
    if (!hadRecentInput) window.landing.cls += value;
  }
}).observe({ type: 'layout-shift', buffered: true });
