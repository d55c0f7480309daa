/** Wraps a method of a backend in memory: counts its calls; it runs synchronously, and its promise resolves a microtask later. */
export type Counted = <A extends unknown[], R>(
  name: string,
  call: (...args: A) => R,
) => (...args: A) => Promise<R>;
