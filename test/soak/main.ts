// `npm run soak`: half an hour, or as the flags say; exit code 1 where something grew or was not kept. --write keeps the
// result in docs/benchmarks-soak.md.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findCircumstances } from '../../bench/circumstances.ts';
import { buildProgram } from '../../bench/sluice.ts';
import { asMarkdown, asText, describeCircumstances, type Table } from '../../bench/report.ts';
import { runSoak, type Sample, type SoakResult } from './run.ts';
import { growthOf } from './verdict.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    clients: { type: 'string', default: '20' },
    pause: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
  },
});
const SAMPLE_EVERY_MS = 5_000;
/** What is loaded and compiled once is there by then. */
const FIRST_SECONDS = 60;
/** Of the line through all that follows, end over beginning. */
const MOST_GROWTH = 1.1;
const ROWS = 16;

const minutes = Number(values.minutes);
// What users run, which the launcher takes while it is the newest.
buildProgram();
const result = await runSoak({
  clients: Number(values.clients),
  pauseMs: Number(values.pause),
  durationMs: minutes * 60_000,
  sampleEveryMs: SAMPLE_EVERY_MS,
  seed: Number(values.seed),
  say: (line) => console.log(line),
});
const later = result.samples.filter(({ seconds }) => seconds > FIRST_SECONDS);
const growth = {
  'resident memory': growthOf(later.map(({ residentMegabytes }) => residentMegabytes)),
  'live heap': growthOf(later.map(({ heapMegabytes }) => heapMegabytes)),
  descriptors: growthOf(later.map(({ descriptors }) => descriptors)),
};
const problems = findProblems(result);
const summary = summaryOf(result);
const table = tableOf(later);
console.log(
  `\n${asText(table)}\n\n${asText(summary)}\n\n${problems.length === 0 ? 'All is well.' : problems.join('\n')}`,
);
if (values.write) writeFileSync(join(import.meta.dir, '..', '..', 'docs', 'benchmarks-soak.md'), page());
process.exit(problems.length === 0 ? 0 : 1);

function findProblems({ problems, descriptors, activeStreamsAfter }: SoakResult): string[] {
  return [
    ...problems,
    ...Object.entries(growth)
      .filter(([, { ratio }]) => ratio > MOST_GROWTH)
      .map(([what, { from, to }]) => `${what} grew from ${from.toFixed(1)} to ${to.toFixed(1)}`),
    ...(descriptors.after > descriptors.most ? [`${descriptors.after} descriptors are left open`] : []),
    ...(activeStreamsAfter > 0 ? [`${activeStreamsAfter} streams are not over`] : []),
  ];
}

function summaryOf({ requests, rows, outcomes, descriptors, activeStreamsAfter }: SoakResult): Table {
  const ends = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  return [
    ['', ''],
    ['requests', `${requests}: ${ends.join(', ')}`],
    ['rows in the ledger', String(rows)],
    ...Object.entries(growth).map(([what, { from, to, ratio }]) => [
      `${what}, after the first minute`,
      `${from.toFixed(1)} → ${to.toFixed(1)} (× ${ratio.toFixed(2)})`,
    ]),
    ['descriptors at rest', `${descriptors.before} before, ${descriptors.after} after`],
    ['streams left running', String(activeStreamsAfter)],
  ];
}

function tableOf(samples: readonly Sample[]): Table {
  const step = Math.max(1, Math.ceil(samples.length / ROWS));
  const chosen = samples.filter((_, at) => at % step === 0 || at === samples.length - 1);
  return [
    ['minute', 'requests', 'resident, MB', 'live heap, MB', 'descriptors', 'active streams'],
    ...chosen.map((sample) => [
      (sample.seconds / 60).toFixed(1),
      String(sample.requests),
      sample.residentMegabytes.toFixed(1),
      sample.heapMegabytes.toFixed(1),
      String(sample.descriptors),
      String(sample.activeStreams),
    ]),
  ];
}

function page(): string {
  const command = `npm run soak -- --minutes ${values.minutes} --write`;
  const circumstances = { ...findCircumstances(command, []), pinned: false };
  const verdict =
    problems.length === 0
      ? `Nothing grew by more than ${Math.round((MOST_GROWTH - 1) * 100)} % in ${minutes} minutes, nothing was left open, and every request that arrived has its row: clients that leave at once may have left before.`
      : `Not well:\n\n${problems.map((problem) => `- ${problem}`).join('\n')}`;
  return `# Soak

Written by \`npm run soak -- --write\`: ${values.clients} clients of all dialects, each with a pause of ${values.pause} ms on average between
its requests, streams and whole answers, short and of some seconds, some read slowly and some left in the middle;
providers that answer, fail in each way the simulator knows, or hang up. Everything that is on by default is on. Growth is
that of the straight line (Theil and Sen) through all samples after the first minute; a short form runs with the tests. It is about
what is held, not about speed: other work on the machine does not matter.

${asMarkdown([['', ''], ...describeCircumstances(circumstances)])}

${verdict}

${asMarkdown(summary)}

${asMarkdown(table)}
`;
}
