// What a second worker brings: plain requests of one worker, and of two with twice the CPU.
import { canLimitCpu, createCpuQuota } from '../cpu-quota.ts';
import { type Measure, type MeasureContext, onStage, startLoad } from '../measure.ts';
import { PASSTHROUGH, sluiceContender } from '../sluice.ts';
import { hasWrk, runWrk } from '../wrk.ts';

/**
 * Of a core, for each worker. Where all were measured at full speed, clients and upstream would need cores of their own;
 * on two cores, two workers at this leave them most of the time.
 */
const CORES = 0.3;
const CONNECTIONS = 32;
/** At full speed, until everything is compiled in both. */
const WARM_UP_MS = 8_000;
const SECONDS = 6;
/** Of the quota's periods; where it was used up in fewer, something else was measured. */
const LEAST_USED_UP = 0.8;

export const ONE_WORKER = 'plain requests of one worker';
export const TWO_WORKERS = 'plain requests of two workers';
export const SECOND_WORKER = 'two workers over one';

const isPossible = await canLimitCpu();

export const workers: Measure = {
  name: 'Workers',
  metrics: { [ONE_WORKER]: '1/s', [TWO_WORKERS]: '1/s', [SECOND_WORKER]: '×' },
  applies: ({ name }) => name === PASSTHROUGH && isPossible && hasWrk(),
  rounds: ({ name }) => (name === 'full' ? 2 : 1),
  async run(context) {
    const one = await requestsPerSecond(context, 1);
    const two = await requestsPerSecond(context, 2);
    return { [ONE_WORKER]: one, [TWO_WORKERS]: two, [SECOND_WORKER]: two / one };
  },
};

async function requestsPerSecond(context: MeasureContext, count: number): Promise<number> {
  const { client, provider, name } = context.contender;
  const contender = sluiceContender(client, provider, { name, workers: count, cores: 'all' });
  const quota = createCpuQuota(count * CORES);
  try {
    return await onStage(
      { ...context, contender },
      { kind: 'plain', amount: 0 },
      async ({ running, request }) => {
        const asked = { connections: CONNECTIONS, ...request(false) };
        const warmUp = startLoad({ ...asked, perSecond: null });
        await Bun.sleep(WARM_UP_MS * context.effort.pace);
        await warmUp.stop();
        if (running.pid === null) throw new Error('the gateway’s process is not known');
        quota.hold(running.pid);
        const { directory, effort } = context;
        const wrk = { ...asked, directory, seconds: Math.max(1, Math.round(SECONDS * effort.pace)) };
        const { requests, seconds, failed } = await runWrk(wrk);
        if (failed > 0) throw new Error(`${count} workers: ${failed} of ${requests} requests failed`);
        // A tiny run has but ten periods, and is over before they are full.
        if (effort.name !== 'tiny' && quota.shareUsedUp() < LEAST_USED_UP)
          throw new Error(`${count} workers: the quota was not used up, so that it is not what was measured`);
        return requests / seconds;
      },
    );
  } finally {
    await quota.remove();
  }
}
