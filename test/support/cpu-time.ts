// What synchronous work takes of the processor: other programs that run meanwhile do not make it longer.

/** What the work returned, and milliseconds of this thread. */
export function cpuTimeOf<Result>(work: () => Result): { result: Result; cpuMs: number } {
  const before = process.threadCpuUsage();
  const result = work();
  const { user, system } = process.threadCpuUsage(before);
  return { result, cpuMs: (user + system) / 1_000 };
}
