// How long a client waits, at rates that leave all processes idle most of the time: for a whole answer, and for the first
// text of a stream. Requests are due by the clock regardless of the answers, and waits count from then.
import { isCompiled, takes } from '../contender.ts';
import {
  type Measure,
  type MeasureContext,
  type Numbers,
  onStage,
  type Stage,
  startLoad,
} from '../measure.ts';
import { countSome, untilBegun } from './opening.ts';
import { SATURATED_WARM_UP_MS } from './warm-up.ts';
import { quantile } from '../statistics.ts';

export const WHOLE = 'whole answer';
export const FIRST_TOKEN = 'first token';
const ASKED = [WHOLE, FIRST_TOKEN] as const;
interface Rate {
  perSecond: number;
  seconds: number;
}

/** So low that both kinds can be requested in the same seconds. */
const RARE: Rate = { perSecond: 1, seconds: 8 };
const STEADY: readonly Rate[] = [
  // After a longer time, connections that were opened but not used yet would be closed.
  { perSecond: 50, seconds: 5 },
  { perSecond: 500, seconds: 2 },
];
export const LATENCY_RATES: readonly number[] = [RARE, ...STEADY].map(({ perSecond }) => perSecond);

const DELTAS = 20;
const CONNECTIONS = 64;
const WARM_UP_CONNECTIONS = 16;
/** Until the aftermath of a hundred thousand requests is over: rows are written, and garbage is collected. */
const REST_MS = 5_000;
/** At a rate, before it counts: connections open, and what the warm-up left to do is done. */
const SETTLE_MS = 600;

type Kind = (typeof ASKED)[number];

export const waitOf = (asked: string, perSecond: number, share: 'p50' | 'p99') =>
  `${asked} at ${perSecond}/s, ${share}`;

export const rareWaits: Measure = {
  name: 'Waits of rare requests',
  metrics: metricsAt([RARE]),
  applies: takes('direct', 'nginx', 'gateway'),
  // Each takes long, and shows little.
  rounds: () => 1,
  run: (context) =>
    onWarmStage(context, async (stage) => {
      const [whole, first] = await Promise.all(
        ASKED.map((asked, index) => waits(context, stage, asked, RARE, index / ASKED.length)),
      );
      return { ...whole, ...first };
    }),
};

export const steadyWaits: Measure = {
  name: 'Waits at a steady rate',
  metrics: metricsAt(STEADY),
  applies: takes('direct', 'nginx', 'bare', 'gateway', 'peer'),
  run: (context) =>
    onWarmStage(context, async (stage) => {
      const numbers: Numbers = {};
      for (const rate of STEADY) {
        for (const asked of ASKED) Object.assign(numbers, await waits(context, stage, asked, rate));
      }
      return numbers;
    }),
};

function metricsAt(rates: readonly Rate[]): Record<string, string> {
  const names = ASKED.flatMap((asked) =>
    rates.flatMap(({ perSecond }) =>
      (['p50', 'p99'] as const).map((share) => waitOf(asked, perSecond, share)),
    ),
  );
  return Object.fromEntries(names.map((name) => [name, 'ms']));
}

function onWarmStage(context: MeasureContext, use: (stage: Stage) => Promise<Numbers>): Promise<Numbers> {
  return onStage(context, { kind: 'asked', amount: DELTAS }, async (stage) => {
    if (!isCompiled(context.contender)) {
      for (const asked of ASKED) await warmUp(context, stage, asked);
      await Bun.sleep(REST_MS * context.effort.pace);
    }
    return use(stage);
  });
}

async function warmUp({ effort, contender }: MeasureContext, { request }: Stage, asked: Kind): Promise<void> {
  const spec = { ...request(asked === FIRST_TOKEN), connections: WARM_UP_CONNECTIONS, perSecond: null };
  const load = startLoad(spec);
  await untilBegun(load, WARM_UP_CONNECTIONS, contender);
  await Bun.sleep((SATURATED_WARM_UP_MS / ASKED.length) * effort.pace);
  await load.stop();
}

/** @param delay of the first request, in seconds. */
async function waits(
  { effort, contender }: MeasureContext,
  { request }: Stage,
  asked: Kind,
  { perSecond, seconds }: Rate,
  delay = 0,
): Promise<Numbers> {
  await Bun.sleep(delay * 1_000);
  const load = startLoad({ ...request(asked === FIRST_TOKEN), connections: CONNECTIONS, perSecond });
  try {
    await Bun.sleep(SETTLE_MS * effort.pace);
    await load.count();
    // Even the shortest effort needs some requests.
    const span = Math.max(seconds * effort.pace, 1.2 / perSecond + 0.1) * 1_000;
    const { waits: all } = await countSome(load, span, ({ waits: some }) => some.length > 0, contender);
    return {
      [waitOf(asked, perSecond, 'p50')]: quantile(all, 0.5),
      [waitOf(asked, perSecond, 'p99')]: quantile(all, 0.99),
    };
  } finally {
    await load.stop();
  }
}
