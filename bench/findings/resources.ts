// What the gateway holds, and how soon it is there.
import { BARE } from '../contenders.ts';
import { SECOND_WORKER } from '../measures/workers.ts';
import { PASSTHROUGH } from '../sluice.ts';
import type { Finding, Numbers } from './finding.ts';

export function findResources({ of }: Numbers): Finding[] {
  return [
    {
      name: 'Memory per open stream',
      unit: 'KB',
      value: of('memory per open stream', PASSTHROUGH),
      target: {
        bound: 40,
        side: 'at most',
        obstacle:
          'over the runtime’s own streams and sockets (below: bare Bun), the state of each exchange and what ' +
          'the garbage collector leaves until it runs',
      },
    },
    {
      name: 'Memory per open stream, bare Bun',
      unit: 'KB',
      value: of('memory per open stream', BARE),
    },
    {
      name: 'Plain requests/s of two workers with twice the CPU',
      unit: '× one',
      value: of(SECOND_WORKER, PASSTHROUGH),
      target: {
        bound: 1.8,
        side: 'at least',
        obstacle:
          'rows go from the workers to the process that keeps the ledger, and are read and written there',
      },
    },
    {
      name: 'Idle memory',
      unit: 'MB',
      value: of('idle memory', PASSTHROUGH),
      target: { bound: 80, side: 'at most', obstacle: 'most of it is the runtime itself' },
    },
    {
      name: 'Start to first answer',
      unit: 'ms',
      value: of('start to first answer', PASSTHROUGH),
      target: { bound: 250, side: 'at most', obstacle: 'the launcher starts Node first and Bun second' },
    },
  ];
}
