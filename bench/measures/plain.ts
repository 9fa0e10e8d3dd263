// Plain requests at saturation, by wrk.
import { cpuTime } from '../process-stats.ts';
import { type Measure, onStage } from '../measure.ts';
import { hasWrk, runWrk } from '../wrk.ts';

const CONNECTIONS = 32;
const WARM_UP_SECONDS = 2;
const SECONDS = 3;

export const plain: Measure = {
  name: 'Plain requests, saturated',
  metrics: { 'plain requests': '1/s', 'CPU per plain request': 'µs' },
  applies: hasWrk,
  run: (context) =>
    onStage(context, { kind: 'plain' }, async ({ running, request }) => {
      const options = { directory: context.directory, connections: CONNECTIONS, ...request(false) };
      const last = (seconds: number) => Math.max(1, Math.round(seconds * context.effort.pace));
      await runWrk({ ...options, seconds: last(WARM_UP_SECONDS) });
      const before = cpuTime(running.pid);
      const { requests, seconds, failed } = await runWrk({ ...options, seconds: last(SECONDS) });
      const after = cpuTime(running.pid);
      if (failed > 0) throw new Error(`${context.contender.name}: ${failed} of ${requests} requests failed`);
      return {
        'plain requests': requests / seconds,
        ...(before === null || after === null
          ? {}
          : { 'CPU per plain request': (after - before) / requests }),
      };
    }),
};
