// Memory: idle after the start, and per open stream.
import { takes } from '../contender.ts';
import { residentMemory } from '../process-stats.ts';
import { failOn, type LoadProcess, type Measure, onStage, startLoad } from '../measure.ts';
import { untilBegun } from './opening.ts';

const STREAMS = 300;
const APPLIES = takes('nginx', 'bare', 'gateway', 'large pages', 'peer');
const PER_SECOND = 20;
/**
 * Earlier streams, so that what is loaded, compiled or made once is not counted as part of a stream. They stay open: what
 * they left behind would be used again by those that are counted.
 */
const EARLIER_STREAMS = 200;
const IDLE_MS = 1_000;
const SETTLE_MS = 4_000;

export const memory: Measure = {
  name: `Memory, ${STREAMS} streams beside ${EARLIER_STREAMS} others`,
  metrics: { 'idle memory': 'MB', 'memory with earlier streams': 'MB', 'memory per open stream': 'KB' },
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
      const loads: LoadProcess[] = [];
      const open = async (connections: number) => {
        const load = startLoad({ ...request(true), connections, perSecond: null });
        loads.push(load);
        await untilBegun(load, connections, context.contender);
        await Bun.sleep(SETTLE_MS * pace);
        return resident();
      };
      try {
        const before = await open(name === 'tiny' ? 5 : EARLIER_STREAMS);
        const after = await open(streams);
        for (const load of loads) failOn(await load.count(), context.contender);
        return {
          'idle memory': idle / 1024,
          'memory with earlier streams': before / 1024,
          'memory per open stream': (after - before) / streams,
        };
      } finally {
        for (const load of loads) await load.stop();
      }
    }),
};
