// Plain requests at saturation, by wrk.
import { isCompiled, takes } from '../contender.ts';
import { cpuTime } from '../process-stats.ts';
import { type Measure, onStage, startLoad } from '../measure.ts';
import { untilBegun } from './opening.ts';
import { SATURATED_WARM_UP_MS } from './warm-up.ts';
import { hasWrk, runWrk } from '../wrk.ts';

const CONNECTIONS = 32;
const APPLIES = takes('direct', 'nginx', 'bare', 'gateway', 'no ledger', 'large pages', 'peer');
/** wrk takes whole seconds. */
const SECONDS = 2;

export const plain: Measure = {
  name: 'Plain requests, saturated',
  metrics: { 'plain requests': '1/s', 'CPU per plain request': 'µs' },
  applies: (contender) => hasWrk() && APPLIES(contender),
  run: (context) =>
    onStage(context, { kind: 'plain', amount: 0 }, async ({ running, request }) => {
      const options = { directory: context.directory, connections: CONNECTIONS, ...request(false) };
      if (!isCompiled(context.contender)) {
        const warmUp = startLoad({ ...request(false), connections: CONNECTIONS, perSecond: null });
        // Some load half of themselves with their first request.
        await untilBegun(warmUp, CONNECTIONS, context.contender);
        await Bun.sleep(SATURATED_WARM_UP_MS * context.effort.pace);
        await warmUp.stop();
      }
      const before = cpuTime(running.pid);
      const { requests, seconds, failed } = await runWrk({
        ...options,
        seconds: Math.max(1, Math.round(SECONDS * context.effort.pace)),
      });
      const after = cpuTime(running.pid);
      if (failed > 0) throw new Error(`${context.contender.name}: ${failed} of ${requests} requests failed`);
      if (requests === 0) throw new Error(`${context.contender.name}: no request was answered`);
      return {
        'plain requests': requests / seconds,
        ...(before === null || after === null
          ? {}
          : { 'CPU per plain request': (after - before) / requests }),
      };
    }),
};
