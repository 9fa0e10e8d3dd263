// The measures, by the names that `npm run bench -- --only` takes, in the order of the run.
import type { Measure } from './measure.ts';
import { BODIES, bigBodies } from './measures/big-bodies.ts';
import { burst } from './measures/burst.ts';
import { rareWaits, steadyWaits } from './measures/latency.ts';
import { LEVELS, manyStreams } from './measures/many-streams.ts';
import { memory } from './measures/memory.ts';
import { paced } from './measures/paced.ts';
import { plain } from './measures/plain.ts';
import { startUp } from './measures/start-up.ts';
import { workers } from './measures/workers.ts';

export const MEASURES: Record<string, Measure> = {
  plain,
  paced,
  burst,
  latency: steadyWaits,
  'latency-rare': rareWaits,
  ...Object.fromEntries(LEVELS.map((level) => [`streams-${level.streams}`, manyStreams(level)])),
  memory,
  ...Object.fromEntries(BODIES.map((body) => [body.name, bigBodies(body)])),
  'start-up': startUp,
  workers,
};
