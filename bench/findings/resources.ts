// The gateway's memory and start time.
import { BARE, LARGE_PAGES } from '../contenders.ts';
import { SECOND_WORKER } from '../measures/workers.ts';
import { PASSTHROUGH } from '../sluice.ts';
import { atLeast, atMost, type Finding, type Numbers } from './finding.ts';

export function findResources({ of }: Numbers): Finding[] {
  return [
    {
      name: 'Memory per open stream',
      unit: 'KB',
      value: of('memory per open stream', PASSTHROUGH),
      target: atMost(40, 60),
    },
    {
      name: 'Memory per open stream, bare Bun',
      unit: 'KB',
      value: of('memory per open stream', BARE),
    },
    {
      name: `Memory per open stream, ${LARGE_PAGES}`,
      unit: 'KB',
      value: of('memory per open stream', LARGE_PAGES),
    },
    {
      name: 'Plain requests/s of two workers with twice the CPU',
      unit: '× one',
      value: of(SECOND_WORKER, PASSTHROUGH),
      target: atLeast(1.8),
    },
    {
      name: 'Idle memory',
      unit: 'MB',
      value: of('idle memory', PASSTHROUGH),
      target: atMost(80, 80),
    },
    {
      name: `Idle memory, ${LARGE_PAGES}`,
      unit: 'MB',
      value: of('idle memory', LARGE_PAGES),
    },
    {
      name: 'Start to first answer',
      unit: 'ms',
      value: of('start to first answer', PASSTHROUGH),
      target: atMost(250, 300),
    },
  ];
}
