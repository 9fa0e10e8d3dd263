// `npm run chaos`: 500 clients for 60 s, or as the flags say; exit code 1 if a promise was broken.
import { parseArgs } from 'node:util';
import { runChaos } from './run.ts';

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '60' },
    workers: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
/** Memory at the end over memory in the first half: more is growth. */
const MOST_GROWTH = 1.25;

const result = await runChaos({
  clients: Number(values.clients),
  durationMs: Number(values.seconds) * 1_000,
  workers: Number(values.workers),
  seed: Number(values.seed),
  say: (line) => console.log(line),
});
const { early, late } = result.residentMegabytes;
const problems = [
  ...result.problems,
  ...(result.breakerOpened ? [] : ['the breaker never opened']),
  ...(result.breakerClosedAgain ? [] : ['the breaker did not close again']),
  ...(late <= early * MOST_GROWTH ? [] : [`memory grew from ${early} to ${late} MB`]),
];
console.log(`seed ${values.seed}\n${JSON.stringify({ ...result, problems }, null, 2)}`);
process.exit(problems.length === 0 ? 0 : 1);
