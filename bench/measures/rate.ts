// How fast a running load proceeds, and what each piece of it costs the server.
import type { Contender } from '../contender.ts';
import type { LoadCount } from '../load-client.ts';
import type { LoadProcess } from '../measure.ts';
import { cpuTime } from '../process-stats.ts';
import { countSome } from './opening.ts';

interface Rate {
  perSecond: number;
  /** Processor time in µs; null where it cannot be read. */
  cpuOfEach: number | null;
}

/** Measures for so many milliseconds, or until something has come. @param pid that of the server. */
export async function measureRate(
  what: 'events' | 'finished',
  load: LoadProcess,
  milliseconds: number,
  { pid, contender }: { pid: number | null; contender: Contender },
): Promise<Rate> {
  const before = await load.count();
  const cpuBefore = cpuTime(pid);
  const came = (count: LoadCount) => count[what] > before[what];
  const after = await countSome(load, milliseconds, came, contender);
  const cpuAfter = cpuTime(pid);
  const number = after[what] - before[what];
  return {
    perSecond: (number / (after.at - before.at)) * 1000,
    cpuOfEach: cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / number,
  };
}
