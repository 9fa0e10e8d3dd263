// `npm run bench`: measures, prints, and with --write keeps the result in docs/benchmarks.md.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { killChildren } from './child.ts';
import { takes } from './contender.ts';
import { findCircumstances } from './circumstances.ts';
import { canLimitCpu, CPU_QUOTA_NAME } from './cpu-quota.ts';
import { findContenders } from './contenders.ts';
import { findPeers, PEERS, PEERS_VARIABLE } from './peers.ts';
import { findAll } from './findings.ts';
import { EFFORTS, type Measure } from './measure.ts';
import { MEASURES } from './measures.ts';
import { benchmarksPage } from './page.ts';
import { asText, describeCircumstances, findingsTable, numbersTable } from './report.ts';
import { runMeasures } from './run.ts';
import { mergeRuns, readSavedRun, type SavedRun, writeSavedRun } from './saved-run.ts';
import { buildProgram } from './sluice.ts';
import { hasWrk } from './wrk.ts';

const isPeer = takes('peer', 'translating peer');
const ROOT = join(import.meta.dir, '..');
const HELP = `npm run bench -- [--quick] [--write] [--only NAME,…] | --render

  --quick   one short round of each: a look, not a result
  --write   keep the result in docs/benchmarks.json and docs/benchmarks.md; with --only, beside what is there
  --render  write docs/benchmarks.md anew from docs/benchmarks.json, e.g. when bench/obstacles.ts says something new
  --only    of ${Object.keys(MEASURES).join(', ')}

Other gateways are measured too where ${PEERS_VARIABLE} names a folder in which they are installed; in it, for
${PEERS.map(({ name, version, install }) => `${name} ${version}:\n${install.replaceAll(/^/gm, '  ')}`).join('\n')}
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    render: { type: 'boolean', default: false },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    killChildren();
    process.exit(130);
  });
}

try {
  process.exitCode = await main();
} finally {
  killChildren();
}

/** The exit code: 1 where something failed, 2 where the command makes no sense. */
async function main(): Promise<number> {
  const measures = chooseMeasures(values.only);
  if (values.help || measures === undefined) {
    console[values.help ? 'log' : 'error'](HELP);
    return values.help ? 0 : 2;
  }
  if (values.render) return render(readSavedRun());
  const run = await measure(measures);
  console.log(`\n${asText(findingsTable(findAll(run.results).filter(({ value }) => value !== undefined)))}`);
  const names = run.contenders.map(({ name }) => name);
  console.log(`\n${asText(numbersTable(run.results, names))}`);
  if (values.write) {
    const merged = mergeRuns(values.only === undefined ? undefined : readSavedRun(), run);
    writeSavedRun(merged);
    render(merged);
  }
  const failed = run.results.flatMap(({ failures }) => failures).length;
  if (failed > 0) console.error(`\n${failed} runs FAILED: see above.`);
  return failed > 0 ? 1 : 0;
}

async function measure(measures: readonly Measure[]): Promise<SavedRun> {
  buildProgram();
  const own = findContenders();
  const peers = findPeers();
  const contenders = [...own.contenders, ...peers.contenders];
  const missing = [
    ...own.missing,
    ...(hasWrk() ? [] : ['wrk']),
    ...((await canLimitCpu()) ? [] : [CPU_QUOTA_NAME]),
    ...peers.missing,
  ];
  const circumstances = findCircumstances(command(), missing);
  console.log(`${asText(describeCircumstances(circumstances))}\n`);
  const effort = values.quick ? EFFORTS.quick : EFFORTS.full;
  const results = await runMeasures({ measures, contenders, effort, say: (line) => console.log(line) });
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  return {
    circumstances: { ...circumstances, minutes: seconds / 60 },
    contenders: contenders.map((one) => ({ name: one.name, isPeer: isPeer(one) })),
    results: results.map((result) => ({ ...result, commit: circumstances.commit })),
  };
}

function render(run: SavedRun | undefined): number {
  if (run === undefined) {
    console.error('There is no docs/benchmarks.json: npm run bench -- --write makes it.');
    return 2;
  }
  writeFileSync(join(ROOT, 'docs', 'benchmarks.md'), benchmarksPage(run));
  console.log('\nwritten: docs/benchmarks.md');
  return 0;
}

function chooseMeasures(only: string | undefined): Measure[] | undefined {
  if (only === undefined) return Object.values(MEASURES);
  const chosen = only.split(',').map((name) => MEASURES[name]);
  return chosen.every((one) => one !== undefined) ? chosen : undefined;
}

function command(): string {
  const flags = [
    ...(values.quick ? ['--quick'] : []),
    ...(values.write ? ['--write'] : []),
    ...(values.only === undefined ? [] : [`--only ${values.only}`]),
  ];
  return ['npm run bench', ...(flags.length === 0 ? [] : ['--', ...flags])].join(' ');
}
