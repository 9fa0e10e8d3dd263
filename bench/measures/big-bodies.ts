// One long body after another on one connection: a long conversation, a request with images, a long stream, a long argument of a tool.
import type { Behaviour } from '../behaviour.ts';
import { type Contender, takes } from '../contender.ts';
import { filesOf, imageOf } from '../fixtures.ts';
import { type LoadProcess, type Measure, type Numbers, onStage, type Stage, startLoad } from '../measure.ts';
import type { LoadCount } from '../load-client.ts';
import { cpuTime, peakMemory } from '../process-stats.ts';

export interface Body {
  name: string;
  kind: 'images' | 'conversation' | 'stream' | 'argument';
  /** Its name in the report. */
  label: string;
  megabytes: number;
  /** Bodies that are measured, after one that is not. */
  count: number;
}

export const BODIES: readonly Body[] = [
  { name: 'conversation', kind: 'conversation', label: '1 MB conversation', megabytes: 1, count: 200 },
  { name: 'big-request', kind: 'images', label: '10 MB request with images', megabytes: 10, count: 8 },
  { name: 'big-stream', kind: 'stream', label: '64 MB stream', megabytes: 64, count: 2 },
  { name: 'big-argument', kind: 'argument', label: '20 MB tool argument', megabytes: 20, count: 4 },
];

const MB = 1024 * 1024;
const IMAGE_MB = 2;
const FILE_CHARACTERS = 8 * 1024;
const POLL_MS = 10;
const TIMEOUT_MS = 60_000;

export function bodyMetrics({ label }: Body) {
  return {
    speed: `${label}, speed`,
    cpu: `${label}, CPU`,
    peak: `${label}, peak memory`,
  };
}

export function bigBodies(body: Body): Measure {
  const { kind, label, count } = body;
  const metric = bodyMetrics(body);
  return {
    name: label,
    metrics: { [metric.speed]: 'MB/s', [metric.cpu]: 'ms/MB', [metric.peak]: 'MB' },
    // Not every provider sends an argument in pieces.
    applies: (contender) =>
      kind === 'argument'
        ? takes('direct', 'nginx', 'gateway', 'fragments')(contender) && contender.provider !== 'gemini'
        : takes('direct', 'nginx', 'gateway')(contender),
    rounds: ({ name }) => (name === 'full' ? 2 : 1),
    run: (context) => {
      const { contender, effort } = context;
      const megabytes = effort.name === 'tiny' ? 1 : body.megabytes;
      return onStage(context, behaviourOf(kind, megabytes), async (stage) => {
        const { pid } = stage.running;
        const load = startLoad({ ...requestFor(stage, kind, megabytes), connections: 1, perSecond: null });
        try {
          const first = await untilFinished(load, 1, contender);
          const cpuBefore = cpuTime(pid);
          const bodies = Math.max(1, Math.round(count * effort.pace));
          const last = await untilFinished(load, first.finished + bodies, contender);
          const cpuAfter = cpuTime(pid);
          const peak = peakMemory(pid);
          const moved = (last.finished - first.finished) * megabytes;
          const numbers: Numbers = { [metric.speed]: (moved / (last.at - first.at)) * 1_000 };
          if (cpuBefore !== null && cpuAfter !== null)
            numbers[metric.cpu] = (cpuAfter - cpuBefore) / 1_000 / moved;
          if (peak !== null) numbers[metric.peak] = peak / 1024;
          return numbers;
        } finally {
          await load.stop();
        }
      });
    },
  };
}

function behaviourOf(kind: Body['kind'], megabytes: number): Behaviour {
  if (kind === 'images' || kind === 'conversation') return { kind: 'plain', amount: 0 };
  return { kind: kind === 'stream' ? 'long' : 'argument', amount: megabytes };
}

function requestFor({ request, requestOf }: Stage, kind: Body['kind'], megabytes: number) {
  if (kind === 'conversation') {
    const files = filesOf(FILE_CHARACTERS, (megabytes * MB) / FILE_CHARACTERS);
    return requestOf(false, (client, model) => client.agentRequest(model, files));
  }
  if (kind !== 'images') return request(true);
  const size = Math.min(IMAGE_MB, megabytes);
  const images = Array.from({ length: megabytes / size }, () => imageOf(size * MB));
  return requestOf(false, (client, model) => client.imageRequest(model, images));
}

async function untilFinished(load: LoadProcess, bodies: number, contender: Contender): Promise<LoadCount> {
  const giveUp = performance.now() + TIMEOUT_MS;
  for (;;) {
    const count = await load.count();
    if (count.finished >= bodies) return count;
    if (count.failed > 0) throw new Error(`${contender.name}: ${count.failed} bodies failed`);
    if (performance.now() > giveUp)
      throw new Error(`${contender.name}: ${count.finished} of ${bodies} bodies`);
    await Bun.sleep(POLL_MS);
  }
}
