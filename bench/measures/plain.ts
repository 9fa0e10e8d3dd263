// Plain requests at saturation, by wrk.
import { cpuTime } from '../process-stats.ts';
import { type Measure, onStage, startLoad } from '../measure.ts';
import { hasWrk, runWrk } from '../wrk.ts';

const CONNECTIONS = 32;
/** Until everything is compiled: in the first seconds that costs a third as much again, on threads of its own. */
const WARM_UP_MS = 6_000;
/** wrk takes whole seconds. */
const SECONDS = 2;

export const plain: Measure = {
  name: 'Plain requests, saturated',
  metrics: { 'plain requests': '1/s', 'CPU per plain request': 'µs' },
  applies: hasWrk,
  run: (context) =>
    onStage(context, { kind: 'plain', amount: 0 }, async ({ running, request }) => {
      const options = { directory: context.directory, connections: CONNECTIONS, ...request(false) };
      const warmUp = startLoad({ ...request(false), connections: CONNECTIONS, perSecond: null });
      await Bun.sleep(WARM_UP_MS * context.effort.pace);
      await warmUp.stop();
      const before = cpuTime(running.pid);
      const { requests, seconds, failed } = await runWrk({
        ...options,
        seconds: Math.max(1, Math.round(SECONDS * context.effort.pace)),
      });
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
