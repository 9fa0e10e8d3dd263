// `npm run bench:compare -- REF`: this tree against another commit, in alternating rounds, as ratios. A busy machine shows
// in how far the rounds are apart, never in the exit code.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { killChildren } from './child.ts';
import { findCircumstances } from './circumstances.ts';
import type { ClientId, ProviderId } from './fixtures.ts';
import type { Effort } from './measure.ts';
import { BODIES, bigBodies } from './measures/big-bodies.ts';
import { burst } from './measures/burst.ts';
import { memory } from './measures/memory.ts';
import { paced } from './measures/paced.ts';
import { plain } from './measures/plain.ts';
import { checkOut } from './other-tree.ts';
import { buildProgram, pairName, sluiceContender } from './sluice.ts';
import { asText, describeCircumstances, type Table } from './report.ts';
import { type MeasureResult, spreadOfMetric, spreadOfRatio } from './results.ts';
import { runMeasures } from './run.ts';

const ROOT = join(import.meta.dir, '..');
const HELP = `npm run bench:compare -- [--quick] REF

  REF      a commit, a branch, a tag: what this tree is compared with
  --quick  fewer and shorter rounds, passthrough alone
`;
const PAIRS: readonly [client: ClientId, provider: ProviderId][] = [
  ['anthropic-messages', 'anthropic-messages'],
  ['openai-chat', 'anthropic-messages'],
  ['openai-responses', 'gemini'],
];
const EFFORTS: Record<'quick' | 'full', Effort> = {
  quick: { name: 'quick', rounds: 3, pace: 0.3 },
  full: { name: 'full', rounds: 5, pace: 1 },
};

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  allowPositionals: true,
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    killChildren();
    process.exit(130);
  });
}

const [ref] = positionals;
if (values.help || ref === undefined || positionals.length > 1) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}
buildProgram(ROOT);
const other = checkOut(ROOT, ref);
try {
  const circumstances = findCircumstances(`npm run bench:compare -- ${ref}`, []);
  console.log(`${asText(describeCircumstances(circumstances))}\n`);
  const label = ` @${other.commit}`;
  const pairs = values.quick ? PAIRS.slice(0, 1) : PAIRS;
  const results = await runMeasures({
    measures: values.quick
      ? [plain, paced]
      : [plain, paced, burst, memory, ...BODIES.map((body) => bigBodies(body))],
    contenders: pairs.flatMap(([client, provider]) => [
      sluiceContender(client, provider),
      sluiceContender(client, provider, { root: other.root, name: pairName(client, provider) + label }),
    ]),
    effort: values.quick ? EFFORTS.quick : EFFORTS.full,
    say: (line) => console.log(line),
  });
  const names = pairs.map(([client, provider]) => pairName(client, provider));
  console.log(`\n${asText(comparison(results, names, label))}`);
  console.log(`
ratio: this tree over ${other.commit}, each taken within one round: the median (and all of them). Where rounds do not agree
on a direction, no difference is seen. Beside other work on the machine, believe the CPU rather than the requests.`);
} finally {
  killChildren();
  other.remove();
}

function comparison(results: readonly MeasureResult[], names: readonly string[], label: string): Table {
  const metrics = results.flatMap((result) => Object.entries(result.metrics));
  const rows = names.flatMap((name) =>
    metrics.flatMap(([metric, unit]) => {
      const here = spreadOfMetric(results, metric, name);
      const there = spreadOfMetric(results, metric, name + label);
      const ratio = spreadOfRatio(results, metric, name, name + label);
      if (here === undefined || there === undefined || ratio === undefined) return [];
      const { median, lowest, highest } = ratio;
      return [
        [
          name,
          `${metric}, ${unit}`,
          there.median.toPrecision(4),
          here.median.toPrecision(4),
          `${median.toFixed(2)} (${lowest.toFixed(2)}…${highest.toFixed(2)})`,
          // Rounds that disagree on the direction show nothing.
          lowest > 1.02 ? 'more' : highest < 0.98 ? 'less' : 'no difference seen',
        ],
      ];
    }),
  );
  return [['', '', other.commit, 'this tree', 'ratio', ''], ...rows];
}
