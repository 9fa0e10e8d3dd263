// The real gateway as a process that says, each time it gets SIGUSR2, how many objects it holds.
import { heapStats } from 'bun:jsc';

process.on('SIGUSR2', () => {
  Bun.gc(true);
  process.stdout.write(`holds ${heapStats().objectCount} objects\n`);
});
await import('../../src/main.ts');
