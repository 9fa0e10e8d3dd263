// How many objects a gateway holds: it has to be started as the program `COUNTED`.
import { join } from 'node:path';
import type { SluiceProcess } from './sluice-process.ts';

export const COUNTED = [process.execPath, join(import.meta.dir, 'counted-sluice.ts')];

export async function countObjects(gateway: SluiceProcess): Promise<number> {
  const said = () => [...gateway.output().matchAll(/holds (\d+) objects/g)];
  const already = said().length;
  gateway.signal('SIGUSR2');
  for (;;) {
    const last = said().at(already)?.[1];
    if (last !== undefined) return Number(last);
    await Bun.sleep(10);
  }
}
