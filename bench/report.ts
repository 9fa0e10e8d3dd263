// The numbers as tables: for the terminal and, the same in Markdown, for docs/benchmarks.md.
import type { Contender } from './contender.ts';
import { type Finding, isReached } from './findings/finding.ts';
import { type MeasureResult, spreadOfMetric } from './results.ts';
import type { Spread } from './statistics.ts';

export type Table = readonly (readonly string[])[];

export function findingsTable(findings: readonly Finding[]): Table {
  const rows = findings.map((finding) => {
    const { name, unit, value, target } = finding;
    const reached = isReached(finding);
    const aim = target === undefined ? '' : `${target.side} ${boundText(target.bound)}`;
    const verdict =
      target === undefined
        ? ''
        : reached === undefined
          ? 'not measured'
          : reached
            ? 'reached'
            : 'not reached';
    return [name, value === undefined ? '–' : `${spreadText(value)} ${unit}`, aim, verdict];
  });
  return [['', 'measured', 'target', ''], ...rows];
}

export function numbersTable(results: readonly MeasureResult[], contenders: readonly Contender[]): Table {
  const header = ['', ...contenders.map(({ name }) => name)];
  const rows = results.flatMap(({ metrics }) =>
    Object.entries(metrics).map(([metric, unit]) => [
      `${metric}, ${unit}`,
      ...contenders.map(({ name }) => {
        const spread = spreadOfMetric(results, metric, name);
        return spread === undefined ? '–' : spreadText(spread);
      }),
    ]),
  );
  return [header, ...rows.filter(([, ...cells]) => cells.some((cell) => cell !== '–'))];
}

/** `median (lowest–highest)`, the median alone where all rounds agree or there was one. */
function spreadText({ median, lowest, highest }: Spread): string {
  const range = `${numberText(lowest)}…${numberText(highest)}`;
  return lowest === highest ? numberText(median) : `${numberText(median)} (${range})`;
}

function boundText(bound: number): string {
  return Number.isInteger(bound) ? String(bound) : numberText(bound);
}

/** Three digits that mean something. */
function numberText(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(size >= 10 ? 1 : 2);
}

export function asText(table: Table): string {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function asMarkdown(table: Table): string {
  const [header = [], ...rows] = table;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

export interface Circumstances {
  machine: string;
  runtime: string;
  commit: string;
  command: string;
  date: string;
  pinned: boolean;
  missing: readonly string[];
}

export function describeCircumstances({
  machine,
  runtime,
  commit,
  command,
  date,
  pinned,
  missing,
}: Circumstances): Table {
  return [
    ['machine', machine],
    ['runtime', runtime],
    ['commit', commit],
    ['command', command],
    ['date', date],
    [
      'cores',
      pinned
        ? 'the measured process has one core to itself, upstream and clients share the others'
        : 'not assigned',
    ],
    ...(missing.length === 0 ? [] : [['missing', `${missing.join(', ')}: what needs them is left out`]]),
  ];
}

export function benchmarksPage(
  circumstances: Circumstances,
  findings: readonly Finding[],
  results: readonly MeasureResult[],
  contenders: readonly Contender[],
): string {
  const missed = findings.filter((finding) => isReached(finding) === false);
  return `# Benchmarks

Written by \`${circumstances.command}\`. Everything that is on by default is on: the ledger with bodies, prices, the
tap that reads each event. Every value is the median of several rounds, with the lowest and the highest behind it;
every round starts fresh processes, and each ratio or difference is taken within one round. Absolute numbers say
little about another machine; ratios to nginx in front of the same upstream say more.

${asMarkdown([['', ''], ...describeCircumstances(circumstances)])}

## Against the targets

${asMarkdown(findingsTable(findings))}

${missed.length === 0 ? 'All targets were reached in this run.' : `Not reached in this run:\n\n${missed.map(({ name, target }) => `- **${name}**: ${target?.obstacle}.`).join('\n')}`}

## Every number

${asMarkdown(numbersTable(results, contenders))}

## What is measured

- **direct** is the upstream itself: the ceiling. **nginx** is a reverse proxy with one process, no log, no
  buffering and connections kept open on both sides: the floor. **bare Bun** is a proxy on Sluice's runtime that
  passes bytes on and does nothing else: the floor of what can be built on it.
- **passthrough** is Sluice with an Anthropic client and an Anthropic upstream. **responses → gemini** has a client of
  OpenAI's Responses and a Gemini upstream: of the four dialects' pairs the one whose codecs take longest
  ([benchmarks-codecs.md](benchmarks-codecs.md)). **openai → anthropic** takes its place where a provider must send
  a tool's arguments in fragments, which Gemini does not.
- Upstream and clients are processes of their own over raw sockets, with answers made beforehand.
- Requests are about 1 KB with an SDK's headers. Long conversations cost more to parse; the ratios say nothing
  about them.
- CPU is user and system time of the measured process, all its threads, from \`/proc/PID/stat\`.
- wrk and the upstream share a core, which decides how much nginx gets to do: where the rounds of its plain
  requests/s lie far apart, the ratio of CPU per plain request is the one to believe.
- The memory of an open stream is the growth of resident memory over all streams, the garbage collector's
  reserves included.
- Waits are of requests that are due by the clock, evenly, whatever becomes of the answers; each counts from when the
  request was due, so that one that is held up shows in those behind it. The clock is a thread that sleeps until each moment. What is
  over ${'direct'} is a difference of two quantiles of one round. At 1/s a round has so few requests that its p99 is nearly
  the slowest of them.
- **Two workers over one**: plain requests/s of one worker that may use 0.3 of a core, and of two, with the process that
  starts them, that may use 0.6 together. So clients and upstream have CPU enough on two cores as well; a round in which the
  quota was not used up is an error.
- An event's way is from the upstream's writing it, whose moment by a clock that all processes share is in the event's own text,
  to the client's reading it. Upstream and clients share a core: where **direct** is late, they are what is measured.
`;
}
