// The gain of a second worker: plain requests of one worker, and of two with twice the CPU.
import { join } from 'node:path';
import { canLimitCpu, createCpuQuota, putFirst } from '../cpu-quota.ts';
import { type Measure, type MeasureContext, onStage, startLoad } from '../measure.ts';
import { PASSTHROUGH, sluiceContender } from '../sluice.ts';
import { hasWrk, runWrk } from '../wrk.ts';

/**
 * Share of a core for each worker. At full speed, clients and upstream would need cores of their own; on two cores, two
 * workers at this share leave them most of the time. Clients and upstream have priority: otherwise two workers that want
 * both cores would keep them from running, and wake for each single request, unlike one worker with a core to itself.
 */
const CORES = 0.3;
const CONNECTIONS = 32;
/** At full speed, for each worker: until everything is compiled in both, as each answers half of the requests. */
const WARM_UP_MS = 10_000;
const TURNS = 5;
const TURN_SECONDS = 2;
/** Share of the quota's periods in which it must be used up; otherwise something else was measured. */
const LEAST_USED_UP = 0.8;

const ONE_WORKER = 'plain requests of one worker';
const TWO_WORKERS = 'plain requests of two workers';
export const SECOND_WORKER = 'two workers over one';

const isPossible = await canLimitCpu();

export const workers: Measure = {
  name: 'Workers',
  metrics: { [ONE_WORKER]: '1/s', [TWO_WORKERS]: '1/s', [SECOND_WORKER]: '×' },
  applies: ({ name }) => name === PASSTHROUGH && isPossible && hasWrk(),
  async run(context) {
    const clients = putFirst();
    try {
      return await compare(context);
    } finally {
      await clients.remove();
    }
  },
};

function compare(context: MeasureContext) {
  return withWorkers(context, 1, (one) =>
    withWorkers(context, 2, async (two) => {
      // Alternating, in reversed order each time: the machine's other load affects both.
      for (let turn = 0; turn < Math.max(1, TURNS * context.effort.pace); turn++)
        for (const gateway of turn % 2 === 0 ? [one, two] : [two, one]) await gateway.ask();
      const [ofOne, ofTwo] = [one.perSecond(), two.perSecond()];
      return { [ONE_WORKER]: ofOne, [TWO_WORKERS]: ofTwo, [SECOND_WORKER]: ofTwo / ofOne };
    }),
  );
}

interface Limited {
  /** Sends as much as it can answer, for a while. */
  ask(): Promise<void>;
  /** Over all requests. Throws where something other than the quota was the limit. */
  perSecond(): number;
}

/** Starts a gateway with this many workers, warms it up, and gives it its share of the CPU. */
async function withWorkers<T>(
  context: MeasureContext,
  count: number,
  use: (gateway: Limited) => Promise<T>,
): Promise<T> {
  const { effort } = context;
  const { client, provider, name } = context.contender;
  const contender = sluiceContender(client, provider, { name, workers: count, cores: 'all' });
  const directory = join(context.directory, String(count));
  const quota = createCpuQuota(count * CORES);
  const behaviour = { kind: 'plain', amount: 0 } as const;
  try {
    return await onStage({ contender, effort, directory }, behaviour, async ({ running, request }) => {
      const asked = { connections: CONNECTIONS, ...request(false) };
      const warmUp = startLoad({ ...asked, perSecond: null });
      await Bun.sleep(WARM_UP_MS * count * effort.pace);
      await warmUp.stop();
      if (running.pid === null) throw new Error('the gateway’s process is not known');
      quota.hold(running.pid);
      const total = { requests: 0, seconds: 0, periods: 0, usedUp: 0 };
      return use({
        async ask() {
          const before = quota.periods();
          const { requests, seconds, failed } = await runWrk({ ...asked, directory, seconds: TURN_SECONDS });
          if (failed > 0) throw new Error(`${count} workers: ${failed} of ${requests} requests failed`);
          total.requests += requests;
          total.seconds += seconds;
          const after = quota.periods();
          total.periods += after.all - before.all;
          total.usedUp += after.usedUp - before.usedUp;
        },
        perSecond() {
          // A tiny run has only ten periods, and ends before they are full.
          if (effort.name !== 'tiny' && total.usedUp < LEAST_USED_UP * total.periods)
            throw new Error(
              `${count} workers: the quota was not used up, so that it is not what was measured`,
            );
          return total.requests / total.seconds;
        },
      });
    });
  } finally {
    await quota.remove();
  }
}
