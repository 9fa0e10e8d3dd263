// How large the heaps of a process are, from what its garbage collectors write (BUN_JSC_logGC=1): one line as a
// collection starts, one as it ends; each thread has a collector of its own, named by its address.

/** So that a process writes it. */
export const HEAP_LOG = { BUN_JSC_logGC: '1' };

const STARTS = /\[GC<(0x[0-9a-f]+)>: START [^\n]*=> (Full|Eden)Collection/;
const ENDS = /\[GC<(0x[0-9a-f]+)>: [^\n]*=> (\d+)kb, [^\n]*END\]/;

export interface HeapLog {
  /** More of what the process wrote. */
  read(text: string): void;
  /** Kilobytes that were alive after the last full collection of each thread, in all. */
  kilobytes(): number;
}

export function createHeapLog(): HeapLog {
  const alive = new Map<string, number>();
  const isFull = new Map<string, boolean>();
  let rest = '';
  return {
    read(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const [, starting, scope] = STARTS.exec(line) ?? [];
        if (starting !== undefined) isFull.set(starting, scope === 'Full');
        const [, ended, size] = ENDS.exec(line) ?? [];
        // Until there was a full one, the partial ones are all that is known.
        if (ended !== undefined && (isFull.get(ended) === true || !alive.has(ended)))
          alive.set(ended, Number(size));
      }
    },
    kilobytes: () => [...alive.values()].reduce((sum, size) => sum + size, 0),
  };
}
