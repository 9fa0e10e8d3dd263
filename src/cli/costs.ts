// `sluice costs`: what was spent, by day, model, provider, agent or project, from the gateway's /gateway/metrics.
import { money, number, percent, plural, short } from '../management/dashboard/page/format.js';
import { ManagementError } from '../management/answer.ts';
import { readSince } from '../management/query.ts';
import type { Figures as Sums, Metrics as MetricsPage, NamedFigures } from '../management/shapes.ts';
import { localTime } from '../model/local-time.ts';
import { stringFlag } from './arguments.ts';
import {
  type CliContext,
  type Command,
  CommandFailure,
  type ParsedArguments,
  UsageError,
} from './command.ts';
import { UNKNOWN } from './figures.ts';
import { findGateway, GATEWAY_FLAGS, readGateway } from './gateway-client.ts';

const NAMED = ['model', 'provider', 'agent', 'project'] as const;
type Named = (typeof NAMED)[number];

/** What a line stands for: a day, one of these names, or both. */
interface Breakdown {
  isDaily: boolean;
  name: Named | null;
}

const DEFAULT_BY = 'day';
const DEFAULT_SINCE = '7d';
const ALL_TIME = 'all';

/** A smaller difference is a rounding error of the sums. */
const LEAST_USD = 1e-9;

/** The figures of each name, for the whole window. Of models, only the hundred most used are listed, with their providers. */
type NamedSums = Partial<Record<`${Named}s`, (Figures & { [name in Named]?: string | null })[]>>;

/** The part of /gateway/metrics that is read, for the whole window and for each day. */
interface Metrics extends NamedSums, Pick<MetricsPage, 'audit_enabled' | 'window' | 'summary'> {
  series?: (Sums & NamedSums & { start: string })[];
}

type Figures = Pick<
  NamedFigures,
  | 'requests'
  | 'cost_usd'
  | 'unpriced_requests'
  | 'input_tokens'
  | 'output_tokens'
  | 'cache_read_tokens'
  | 'cache_write_tokens'
>;

/** A line, with the name that it stands for: null where requests named none. */
type Entry = { day?: string } & Partial<Record<Named, string | null>> & Figures;

export const costsCommand: Command = {
  name: 'costs',
  summary:
    'Show what was spent, by day, model, provider, agent or project, and how much of the prompts came from caches.',
  flags: {
    by: {
      value: 'WHAT',
      summary: `day, model, provider, agent, project, or a day's: day,model (default: ${DEFAULT_BY}).`,
    },
    since: {
      value: 'WHEN',
      summary: `A duration such as 12h or 30d, a time such as 2026-11-29, or "${ALL_TIME}" (default: ${DEFAULT_SINCE}).`,
    },
    ...GATEWAY_FLAGS,
    json: { summary: 'Print JSON.' },
  },
  examples: [
    ['costs', 'What each day of the last week cost.'],
    ['costs --since 24h --by model', 'Which models it was spent on.'],
    ['costs --since 2d --by day,project', 'Who spent it yesterday, and today.'],
  ],
  async run(input, context) {
    const by = stringFlag(input, 'by') ?? DEFAULT_BY;
    const breakdown = readBreakdown(by);
    const since = readSinceFlag(input);
    const metrics = await readGateway<Metrics>(findGateway(input, context), pathOf(breakdown, since));
    if (!metrics.audit_enabled)
      throw new CommandFailure(
        'this gateway keeps no ledger (audit.enabled), so that its costs are not known',
      );
    const total = totalOf(metrics, breakdown);
    const entries = entriesOf(metrics, breakdown);
    const from = metrics.series?.[0]?.start ?? metrics.window.since;
    if (input.flags.json) context.out(JSON.stringify({ since: from, by, total, entries }, null, 2));
    else print({ from, total, entries }, context);
    return 0;
  },
};

/** Throws UsageError. */
function readBreakdown(by: string): Breakdown {
  const parts = by.split(',').map((part) => part.trim());
  const name = NAMED.find((each) => each === parts.at(-1)) ?? null;
  const isDaily = parts[0] === 'day';
  if (parts.length === Number(isDaily) + Number(name !== null)) return { isDaily, name };
  const whose = /key|user|person|who/.test(by) ? '; whose key it was says project (server.project_keys)' : '';
  throw new UsageError(
    `--by must be day, ${NAMED.join(', ')}, or day and one of these: day,model; not "${by}"${whose}`,
  );
}

/** Throws UsageError. */
function readSinceFlag(input: ParsedArguments): string {
  const since = stringFlag(input, 'since') ?? DEFAULT_SINCE;
  if (since === ALL_TIME) return since;
  try {
    readSince(new URLSearchParams({ since }), 'since', Date.now());
    return since;
  } catch (error) {
    if (!(error instanceof ManagementError)) throw error;
    throw new UsageError(`${error.message.replace(/^since:/, '--since')}, or "${ALL_TIME}"; not "${since}"`);
  }
}

function pathOf({ isDaily, name }: Breakdown, since: string): string {
  const query = new URLSearchParams({ recent_limit: '0' });
  if (since !== ALL_TIME) query.set('since', since);
  if (isDaily) query.set('step', 'day');
  for (const each of NAMED) query.set(`include_${each}`, String(each === name));
  return `/gateway/metrics?${query}`;
}

/** By day, the total covers whole days, including the first. */
function totalOf({ summary, series = [] }: Metrics, { isDaily }: Breakdown): Figures {
  if (!isDaily) return figuresOf(summary);
  const total = { ...NOTHING };
  for (const day of series.map(figuresOf)) for (const key of KEYS) total[key] += day[key];
  return total;
}

const NOTHING: Figures = {
  requests: 0,
  cost_usd: 0,
  unpriced_requests: 0,
  input_tokens: 0,
  output_tokens: 0,
  cache_read_tokens: 0,
  cache_write_tokens: 0,
};
const KEYS = Object.keys(NOTHING) as (keyof Figures)[];

const figuresOf = (sums: Sums): Figures => ({
  requests: sums.total_requests,
  cost_usd: sums.total_cost_usd,
  unpriced_requests: sums.unpriced_requests,
  input_tokens: sums.total_input_tokens,
  output_tokens: sums.total_output_tokens,
  cache_read_tokens: sums.total_cache_read_tokens,
  cache_write_tokens: sums.total_cache_write_tokens,
});

function entriesOf(metrics: Metrics, { isDaily, name }: Breakdown): Entry[] {
  if (!isDaily) return name === null ? [] : namedEntries(name, metrics);
  return (metrics.series ?? []).flatMap((sums) => {
    const day = sums.start.slice(0, 10);
    if (name === null) return [{ day, ...figuresOf(sums) }];
    return namedEntries(name, sums).map((entry) => ({ day, ...entry }));
  });
}

/**
 * The most expensive first, those without a name last. Throws CommandFailure where an older gateway lists none: no lines would mean that
 * nothing was spent.
 */
function namedEntries(name: Named, sums: NamedSums): Entry[] {
  const rows = sums[`${name}s`];
  if (rows === undefined)
    throw new CommandFailure(
      `this gateway is older than this program, and does not tell the tokens of each ${name}: restart it with this version (sluice daemon restart)`,
    );
  return rows
    .map((row): Entry => {
      const { provider } = row;
      const figures = { ...NOTHING };
      for (const key of KEYS) figures[key] = row[key];
      return { ...(provider !== undefined && { provider }), [name]: row[name] ?? null, ...figures };
    })
    .sort(
      (one, other) =>
        Number(one[name] === null) - Number(other[name] === null) || other.cost_usd - one.cost_usd,
    );
}

/** What was spent besides these entries. */
function costBeside(entries: readonly Entry[], total: number): number {
  const rest = total - entries.reduce((sum, { cost_usd }) => sum + cost_usd, 0);
  return rest > LEAST_USD ? rest : 0;
}

interface Report {
  from: string | null;
  total: Figures;
  entries: readonly Entry[];
}

function print({ from, total, entries }: Report, context: CliContext): void {
  const { requests } = total;
  const since = from === null ? 'since the beginning' : `since ${localTime(new Date(from))}`;
  context.out(
    requests === 0
      ? `nothing was asked ${since}`
      : `${since}: ${spentOn(total)}; ` +
          `${short(promptOf(total))} prompt tokens, ${fromCache(total)} of them from caches, ${short(total.output_tokens)} of output`,
  );
  if (requests === 0) return;
  // Days before the first request are left out.
  const begun = entries.findIndex((entry) => entry.requests !== 0);
  for (const line of tableOf(entries.slice(Math.max(0, begun)))) context.out(line);
  const [first] = entries;
  if (first === undefined || first.day !== undefined) return;
  const counted = (key: 'requests' | 'unpriced_requests') =>
    entries.reduce((sum, entry) => sum + entry[key], 0);
  const others = {
    ...total,
    requests: requests - counted('requests'),
    unpriced_requests: total.unpriced_requests - counted('unpriced_requests'),
    cost_usd: costBeside(entries, total.cost_usd),
  };
  if (others.requests > 0) context.out(`  other models, or none: ${spentOn(others)}`);
}

/** If only requests without a known price were answered, $0 would be a guess. */
function spentOn({ requests, cost_usd, unpriced_requests: unpriced }: Figures): string {
  const spent = cost_usd === 0 && unpriced > 0 ? '' : `${money(cost_usd)} for `;
  return `${spent}${plural(requests, 'request')}${unpriced === 0 ? '' : `, ${number(unpriced)} of them unpriced`}`;
}

/** All input tokens: fresh, read from a cache and written to one, which providers count separately. */
const promptOf = ({ input_tokens, cache_read_tokens, cache_write_tokens }: Figures): number =>
  input_tokens + cache_read_tokens + cache_write_tokens;

function fromCache(figures: Figures): string {
  const prompt = promptOf(figures);
  return prompt === 0 ? UNKNOWN : percent(figures.cache_read_tokens / prompt);
}

function tableOf(entries: readonly Entry[]): string[] {
  const [first] = entries;
  if (first === undefined) return [];
  const names = (['day', 'provider', 'model', 'agent', 'project'] as const).filter((each) => each in first);
  const heads = [
    ...names.map((each) => (each === 'day' ? 'day (UTC)' : each)),
    ...['cost', 'requests', 'prompt tokens', 'from caches', 'output tokens'],
  ];
  const rows = entries.map((entry) => [
    ...names.map((each) => entry[each] || `no ${each}`),
    entry.unpriced_requests > 0 && entry.cost_usd === 0 ? 'unpriced' : money(entry.cost_usd),
    number(entry.requests),
    short(promptOf(entry)),
    fromCache(entry),
    short(entry.output_tokens),
  ]);
  return aligned([heads, ...rows], names.length);
}

/** @param left how many of the columns are aligned to the left. */
function aligned(table: readonly string[][], left: number): string[] {
  const [heads = []] = table;
  const widths = heads.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return table.map((row) => `  ${row.map(pad).join('  ')}`.trimEnd());
}
