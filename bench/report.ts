// The numbers as tables, for the terminal and, in Markdown, for the pages in docs.
import { type Finding, isReached } from './findings/finding.ts';
import { type MeasureResult, spreadOfMetric } from './results.ts';
import type { Spread } from './statistics.ts';

export type Table = readonly (readonly string[])[];

export function findingsTable(findings: readonly Finding[]): Table {
  const rows = findings.map((finding) => {
    const { name, unit, value, target } = finding;
    const measured = value === undefined ? '–' : `${spreadText(value)} ${unit}`;
    return [
      name,
      measured,
      ...aimAndVerdict(finding, target?.firstBound),
      ...aimAndVerdict(finding, target?.bound),
    ];
  });
  return [['', 'measured', 'first target', '', 'target', ''], ...rows];
}

function aimAndVerdict(finding: Finding, bound: number | undefined): [aim: string, verdict: string] {
  const { target } = finding;
  if (target === undefined || bound === undefined) return ['', ''];
  const reached = isReached(finding, bound);
  const verdict = reached === undefined ? 'not measured' : reached ? 'reached' : 'not reached';
  return [`${target.side} ${boundText(bound)}`, verdict];
}

/** Findings without a target. */
export function ratiosTable(findings: readonly Finding[]): Table {
  return [
    ['', 'measured'],
    ...findings.flatMap(({ name, unit, value }) =>
      value === undefined ? [] : [[name, `${spreadText(value)} ${unit}`]],
    ),
  ];
}

/** Metrics for which one of these contenders has a value. */
export function numbersTable(results: readonly MeasureResult[], contenders: readonly string[]): Table {
  const header = ['', ...contenders];
  const rows = results.flatMap(({ metrics }) =>
    Object.entries(metrics).map(([metric, unit]) => [
      `${metric}, ${unit}`,
      ...contenders.map((name) => {
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

/** Three significant digits. */
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
  /** Of the whole run. */
  minutes?: number;
}

export function describeCircumstances({
  machine,
  runtime,
  commit,
  command,
  date,
  pinned,
  missing,
  minutes,
}: Circumstances): Table {
  return [
    ['machine', machine],
    ['runtime', runtime],
    ['commit', commit],
    ['command', command],
    ['date', date],
    ...(minutes === undefined ? [] : [['took', `${minutes.toFixed(1)} minutes`]]),
    [
      'cores',
      pinned
        ? 'the measured process has one core to itself, upstream and clients share the others'
        : 'not assigned',
    ],
    ...(missing.length === 0 ? [] : [['missing', `${missing.join(', ')}: what needs them is left out`]]),
  ];
}
