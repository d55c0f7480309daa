/** @returns the result of the work, and the CPU time of all threads in it, seconds */
export async function measureCpu<T>(work: () => T | Promise<T>) {
  const start = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(start);
  return { result, seconds: (user + system) / 1e6 };
}
