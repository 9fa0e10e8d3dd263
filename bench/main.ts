// `npm run bench`: measures, prints, and with --write keeps the result in docs/benchmarks.md.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { killChildren } from './child.ts';
import { findCircumstances } from './circumstances.ts';
import { canLimitCpu, CPU_QUOTA_NAME } from './cpu-quota.ts';
import { findContenders } from './contenders.ts';
import { findPeers, PEERS, PEERS_VARIABLE } from './peers.ts';
import { findAll } from './findings.ts';
import { EFFORTS, type Measure } from './measure.ts';
import { burst } from './measures/burst.ts';
import { latency } from './measures/latency.ts';
import { LEVELS, manyStreams } from './measures/many-streams.ts';
import { memory } from './measures/memory.ts';
import { paced } from './measures/paced.ts';
import { plain } from './measures/plain.ts';
import { startUp } from './measures/start-up.ts';
import { workers } from './measures/workers.ts';
import { asText, benchmarksPage, describeCircumstances, findingsTable, numbersTable } from './report.ts';
import { runMeasures } from './run.ts';
import { buildProgram } from './sluice.ts';
import { hasWrk } from './wrk.ts';

const MEASURES: Record<string, Measure> = {
  plain,
  paced,
  burst,
  latency,
  ...Object.fromEntries(LEVELS.map((level) => [`streams-${level.streams}`, manyStreams(level)])),
  memory,
  'start-up': startUp,
  workers,
};
const ROOT = join(import.meta.dir, '..');
const HELP = `npm run bench -- [--quick] [--write] [--only NAME,…]

  --quick   one short round of each: a look, not a result
  --write   keep the result in docs/benchmarks.md
  --only    of ${Object.keys(MEASURES).join(', ')}

Other gateways are measured too where ${PEERS_VARIABLE} names a folder in which they are installed; in it, for
${PEERS.map(({ name, version, install }) => `${name} ${version}:\n${install.replaceAll(/^/gm, '  ')}`).join('\n')}
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
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

async function main(): Promise<number> {
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const measures = chooseMeasures(values.only);
  if (measures === undefined) {
    console.error(HELP);
    return 2;
  }
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
  const findings = findAll(results).filter(({ value }) => value !== undefined || values.only === undefined);
  console.log(`\n${asText(findingsTable(findings))}\n\n${asText(numbersTable(results, contenders))}`);
  if (values.write) {
    const page = join(ROOT, 'docs', 'benchmarks.md');
    writeFileSync(page, benchmarksPage(circumstances, findings, results, contenders));
    console.log('\nwritten to docs/benchmarks.md');
  }
  return 0;
}

function chooseMeasures(only: string | undefined): Measure[] | undefined {
  if (only === undefined) return Object.values(MEASURES);
  const chosen = only.split(',').map((name) => MEASURES[name]);
  return chosen.every((measure) => measure !== undefined) ? chosen : undefined;
}

function command(): string {
  const flags = [values.quick ? '--quick' : '', values.write ? '--write' : ''].filter((flag) => flag !== '');
  return ['npm run bench', ...(flags.length === 0 ? [] : ['--', ...flags])].join(' ');
}
