// Memory: idle after the start, and per open stream.
import { takes } from '../contender.ts';
import { residentMemory } from '../process-stats.ts';
import { failOn, type Measure, onStage, startLoad } from '../measure.ts';
import { untilBegun } from './opening.ts';

const STREAMS = 500;
const APPLIES = takes('nginx', 'bare', 'gateway', 'large pages', 'peer');
const PER_SECOND = 20;
/** Earlier streams, so that code and tables that are loaded once are not counted as part of a stream. */
const WARM_UP_STREAMS = 50;
const IDLE_MS = 1_000;
const WARM_UP_MS = 3_000;
const AFTERWARDS_MS = 1_500;
const SETTLE_MS = 4_000;

export const memory: Measure = {
  name: `Memory, ${STREAMS} open streams`,
  metrics: { 'idle memory': 'MB', 'memory after first requests': 'MB', 'memory per open stream': 'KB' },
  applies: (contender) => APPLIES(contender) && contender.client === contender.provider,
  rounds: ({ name }) => (name === 'full' ? 2 : 1),
  run: (context) =>
    onStage(context, { kind: 'paced', amount: PER_SECOND }, async ({ running, request }) => {
      const { pace, name } = context.effort;
      const streams = name === 'tiny' ? 10 : STREAMS;
      const resident = () => residentMemory(running.pid) ?? Number.NaN;
      const answered = await fetch(`http://127.0.0.1:${running.port}/gateway/health`);
      await answered.text();
      await Bun.sleep(IDLE_MS * pace);
      const idle = resident();
      const warmUp = startLoad({ ...request(true), connections: WARM_UP_STREAMS, perSecond: null });
      await untilBegun(warmUp, WARM_UP_STREAMS, context.contender);
      await Bun.sleep(WARM_UP_MS * pace);
      await warmUp.stop();
      await Bun.sleep(AFTERWARDS_MS * pace);
      const before = resident();
      const load = startLoad({ ...request(true), connections: streams, perSecond: null });
      try {
        await untilBegun(load, streams, context.contender);
        await Bun.sleep(SETTLE_MS * pace);
        failOn(await load.count(), context.contender);
        return {
          'idle memory': idle / 1024,
          'memory after first requests': before / 1024,
          'memory per open stream': (resident() - before) / streams,
        };
      } finally {
        await load.stop();
      }
    }),
};
