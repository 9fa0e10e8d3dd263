// The pages that the benchmark reads.

export interface Page {
  path: string;
  what: string;
}

const DAY_MS = 86_400_000;

/** `end`: the time of the newest row, Unix ms. */
export function pagesAt(end: number): Page[] {
  const ago = (days: number): string => new Date(end - days * DAY_MS).toISOString();
  const metrics = (query: string, what: string): Page => ({ path: `/gateway/metrics${query}`, what });
  const audit = (query: string, what: string): Page => ({ path: `/gateway/audit${query}`, what });
  const between = `start_time=${ago(5)}&end_time=${ago(2)}`;
  return [
    metrics('', '`metrics`, all time'),
    metrics('?since=1h', '`metrics?since=1h`'),
    metrics(
      '?since=24h&include_agent=true&include_project=true',
      '`metrics?since=24h`, by agent and project too',
    ),
    metrics('?since=7d', '`metrics?since=7d`'),
    metrics('?since=7d&step=hour', '`metrics?since=7d&step=hour`'),
    metrics('?step=day', '`metrics?step=day`'),
    audit('', '`audit`, first page'),
    audit('?offset=500000', '`audit?offset=500000`'),
    audit(`?before=${end - 500_000_000}-999999999`, '`audit?before=…`, 500,000 rows back'),
    audit('?status=error', '`audit?status=error` (3 %)'),
    audit('?success=true', '`audit?success=true` (95 %)'),
    audit('?success=false', '`audit?success=false` (5 %)'),
    audit('?provider=provider-1', '`audit?provider=…` (21 %)'),
    audit('?model=model-7', '`audit?model=…` (2 %)'),
    audit('?model=model-rare', '`audit?model=…` (1 of 20,000)'),
    audit('?model=model-none&success=true', '`audit?model=…`, none'),
    audit('?agent_type=agent-1', '`audit?agent_type=…` (25 %)'),
    audit('?project_id=project-3', '`audit?project_id=…` (9 %)'),
    audit(
      '?model=model-7&status=truncated&agent_type=agent-1',
      '`audit` by model, status and agent (32 in 1 M)',
    ),
    audit('?provider=provider-1&status=error&offset=2000', '`audit` by provider and status, `offset=2000`'),
    audit(
      `?provider=provider-1&status=error&before=${end - 500_000_000}-999999999`,
      '`audit` by provider and status, `before=…` as far back',
    ),
    audit(`?start_time=${ago(1)}`, '`audit` of the last day'),
    audit(`?${between}`, '`audit` of three days'),
    audit(`?${between}&model=model-7&success=false`, '`audit` of three days, by model and failure'),
  ];
}
