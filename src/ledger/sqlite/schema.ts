// The SQLite schema of the ledger and its history: `user_version` counts the steps applied to a file.
import type { Database } from 'bun:sqlite';
import { StoreBusy } from '../store-busy.ts';

/** Step n migrates a file from version n to n + 1. Released steps never change. */
export const STEPS: readonly string[] = [
  `
  CREATE TABLE ledger_row (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id TEXT NOT NULL UNIQUE,
    timestamp INTEGER NOT NULL,
    agent_type TEXT,
    project_id TEXT,
    client_dialect TEXT NOT NULL,
    provider TEXT,
    model TEXT,
    requested_model TEXT,
    status TEXT NOT NULL,
    http_status INTEGER NOT NULL,
    streamed INTEGER NOT NULL,
    latency_ms REAL NOT NULL,
    ttft_ms REAL,
    overhead_ms REAL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    cache_write_1h_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL,
    web_searches INTEGER NOT NULL,
    audio_input_tokens INTEGER NOT NULL,
    audio_output_tokens INTEGER NOT NULL,
    usage_known INTEGER NOT NULL,
    cost_usd REAL,
    finish_reason TEXT,
    attempts TEXT NOT NULL,
    lost TEXT NOT NULL,
    malformed_events INTEGER NOT NULL,
    error_code TEXT,
    error_message TEXT
  ) STRICT;

  CREATE INDEX ledger_row_time ON ledger_row (timestamp);
  CREATE INDEX ledger_row_provider ON ledger_row (provider, timestamp);
  CREATE INDEX ledger_row_model ON ledger_row (model, timestamp);
  CREATE INDEX ledger_row_status ON ledger_row (status, timestamp);
  CREATE INDEX ledger_row_agent ON ledger_row (agent_type, timestamp) WHERE agent_type IS NOT NULL;
  CREATE INDEX ledger_row_project ON ledger_row (project_id, timestamp) WHERE project_id IS NOT NULL;

  -- Bodies live apart: a list never reads past them.
  CREATE TABLE ledger_body (
    row_id INTEGER PRIMARY KEY REFERENCES ledger_row (id) ON DELETE CASCADE,
    request_body TEXT,
    response_body TEXT
  ) STRICT;

  -- Sums per hour and name; '' stands for "no name". Outlives the rows it was counted from.
  CREATE TABLE ledger_hour (
    hour INTEGER NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    agent TEXT NOT NULL,
    project TEXT NOT NULL,
    requests INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    cost_usd REAL NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    latency_ms_sum REAL NOT NULL,
    ttft_ms_sum REAL NOT NULL,
    ttft_count INTEGER NOT NULL,
    PRIMARY KEY (hour, provider, model, agent, project)
  ) STRICT, WITHOUT ROWID;
  `,
  'ALTER TABLE ledger_row ADD COLUMN route TEXT',
  'ALTER TABLE ledger_row ADD COLUMN queued_ms REAL',
  "ALTER TABLE ledger_row ADD COLUMN operation TEXT NOT NULL DEFAULT 'generate'",
  `
  ALTER TABLE ledger_row ADD COLUMN connect_ms REAL;
  ALTER TABLE ledger_row ADD COLUMN last_token_ms REAL;
  ALTER TABLE ledger_row ADD COLUMN provider_ms REAL NOT NULL DEFAULT 0;
  ALTER TABLE ledger_row ADD COLUMN client_ms REAL NOT NULL DEFAULT 0;
  ALTER TABLE ledger_row ADD COLUMN back_off_ms REAL NOT NULL DEFAULT 0;
  ALTER TABLE ledger_row ADD COLUMN gateway_ms REAL NOT NULL DEFAULT 0;
  ALTER TABLE ledger_row ADD COLUMN stalls INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE ledger_row ADD COLUMN longest_gap_ms REAL;
  ALTER TABLE ledger_row ADD COLUMN gap_p50_ms REAL;
  ALTER TABLE ledger_row ADD COLUMN gap_p99_ms REAL;
  -- How many gaps were how long: 'bucket:count …' of src/model/histogram.ts.
  ALTER TABLE ledger_row ADD COLUMN gaps TEXT;
  `,
  `
  -- Sums per span of time and name; '' stands for "no name". Outlives the rows it was counted from.
  -- span: hours it lasts, 0 for all time; start: how many of them since 1970.
  CREATE TABLE ledger_sum (
    span INTEGER NOT NULL,
    start INTEGER NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    agent TEXT NOT NULL,
    project TEXT NOT NULL,
    requests INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    cost_usd REAL NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    latency_ms_sum REAL NOT NULL,
    ttft_ms_sum REAL NOT NULL,
    ttft_count INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL DEFAULT 0,
    web_searches INTEGER NOT NULL DEFAULT 0,
    provider_ms_sum REAL NOT NULL DEFAULT 0,
    gateway_ms_sum REAL NOT NULL DEFAULT 0,
    stalls INTEGER NOT NULL DEFAULT 0,
    flow_tokens INTEGER NOT NULL DEFAULT 0,
    flow_ms REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (span, start, provider, model, agent, project)
  ) STRICT, WITHOUT ROWID;

  INSERT INTO ledger_sum (span, start, provider, model, agent, project, requests, failures, unpriced, cost_usd,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, latency_ms_sum, ttft_ms_sum, ttft_count)
  SELECT span, CASE span WHEN 0 THEN 0 ELSE hour / span END AS start, provider, model, agent, project,
    SUM(requests), SUM(failures), SUM(unpriced), SUM(cost_usd), SUM(input_tokens), SUM(output_tokens),
    SUM(cache_read_tokens), SUM(cache_write_tokens), SUM(latency_ms_sum), SUM(ttft_ms_sum), SUM(ttft_count)
  FROM ledger_hour, (SELECT 0 AS span UNION SELECT 1 UNION SELECT 24)
  GROUP BY span, 2, provider, model, agent, project;

  DROP TABLE ledger_hour;

  -- How many requests (or gaps in their streams) took how long: buckets of src/model/histogram.ts.
  CREATE TABLE ledger_spread (
    span INTEGER NOT NULL,
    start INTEGER NOT NULL,
    measure TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (span, start, provider, model, measure, bucket)
  ) STRICT, WITHOUT ROWID;
  `,
  'ALTER TABLE ledger_row ADD COLUMN gaps_ms REAL NOT NULL DEFAULT 0',
  'ALTER TABLE ledger_row ADD COLUMN trace TEXT',
  "ALTER TABLE ledger_row ADD COLUMN transformers TEXT NOT NULL DEFAULT '[]'",
  `
  -- Zstandard of UTF-8, in place of the text that older rows have.
  ALTER TABLE ledger_body ADD COLUMN request_zstd BLOB;
  ALTER TABLE ledger_body ADD COLUMN response_zstd BLOB;

  -- Binary parts of bodies, each once: a body has a reference by hash. last_used: timestamp of the newest row.
  CREATE TABLE ledger_binary (
    hash TEXT PRIMARY KEY,
    media_type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    content BLOB NOT NULL,
    last_used INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX ledger_binary_used ON ledger_binary (last_used);
  `,
  `
  -- How many rows there are, so that they need not be counted.
  CREATE TABLE ledger_count (id INTEGER PRIMARY KEY CHECK (id = 0), rows INTEGER NOT NULL) STRICT;
  INSERT INTO ledger_count SELECT 0, COUNT(*) FROM ledger_row;
  `,
  `
  -- Kinds: src/ledger/kinds.ts. '' stands for "no name", and for what sums of before did not tell apart.
  CREATE TABLE ledger_kind (
    id INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    agent TEXT NOT NULL,
    project TEXT NOT NULL,
    operation TEXT NOT NULL,
    status TEXT NOT NULL,
    UNIQUE (provider, model, agent, project, operation, status)
  ) STRICT;
  INSERT INTO ledger_kind (provider, model, agent, project, operation, status)
  SELECT DISTINCT provider, model, agent, project, '', '' FROM ledger_sum;
  INSERT INTO ledger_kind (provider, model, agent, project, operation, status)
  SELECT DISTINCT COALESCE(provider, ''), COALESCE(model, ''), COALESCE(agent_type, ''), COALESCE(project_id, ''),
    operation, status
  FROM ledger_row;

  -- Two indexes serve every filter, and cost less than one for each name.
  DROP INDEX ledger_row_time;
  DROP INDEX ledger_row_provider;
  DROP INDEX ledger_row_model;
  DROP INDEX ledger_row_status;
  DROP INDEX ledger_row_agent;
  DROP INDEX ledger_row_project;
  ALTER TABLE ledger_row ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
  UPDATE ledger_row SET kind = (
    SELECT kinds.id FROM ledger_kind AS kinds
    WHERE kinds.provider = COALESCE(ledger_row.provider, '') AND kinds.model = COALESCE(ledger_row.model, '')
      AND kinds.agent = COALESCE(agent_type, '') AND kinds.project = COALESCE(project_id, '')
      AND kinds.operation = ledger_row.operation AND kinds.status = ledger_row.status
  );
  CREATE INDEX ledger_row_time ON ledger_row (timestamp, kind);
  CREATE INDEX ledger_row_kind ON ledger_row (kind, timestamp);

  -- Sums by kind. kept: how many of the rows are there; the sums outlive them.
  CREATE TABLE ledger_sum_by_kind (
    span INTEGER NOT NULL,
    start INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    requests INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    unpriced INTEGER NOT NULL DEFAULT 0,
    cost_usd REAL NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cache_read_tokens INTEGER NOT NULL DEFAULT 0,
    cache_write_tokens INTEGER NOT NULL DEFAULT 0,
    latency_ms_sum REAL NOT NULL DEFAULT 0,
    ttft_ms_sum REAL NOT NULL DEFAULT 0,
    ttft_count INTEGER NOT NULL DEFAULT 0,
    reasoning_tokens INTEGER NOT NULL DEFAULT 0,
    web_searches INTEGER NOT NULL DEFAULT 0,
    provider_ms_sum REAL NOT NULL DEFAULT 0,
    gateway_ms_sum REAL NOT NULL DEFAULT 0,
    stalls INTEGER NOT NULL DEFAULT 0,
    flow_tokens INTEGER NOT NULL DEFAULT 0,
    flow_ms REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (span, start, kind)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO ledger_sum_by_kind
  SELECT span, start, kinds.id, 0, requests, failures, unpriced, cost_usd, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
    latency_ms_sum, ttft_ms_sum, ttft_count, reasoning_tokens, web_searches, provider_ms_sum, gateway_ms_sum, stalls,
    flow_tokens, flow_ms
  FROM ledger_sum JOIN ledger_kind AS kinds USING (provider, model, agent, project)
  WHERE operation = '' AND status = '';
  INSERT INTO ledger_sum_by_kind (span, start, kind, kept)
  SELECT span, CASE span WHEN 0 THEN 0 ELSE timestamp / (span * 3600000) END, kind, COUNT(*)
  FROM ledger_row, (SELECT 0 AS span UNION SELECT 1 UNION SELECT 24)
  GROUP BY 1, 2, 3;
  DROP TABLE ledger_sum;
  ALTER TABLE ledger_sum_by_kind RENAME TO ledger_sum;
  DROP TABLE ledger_count;
  `,
  `
  -- A model's histograms in a place are one row: 'bucket:count …' of src/model/histogram.ts.
  CREATE TABLE ledger_spread_packed (
    span INTEGER NOT NULL,
    start INTEGER NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    latency TEXT NOT NULL,
    ttft TEXT NOT NULL,
    gaps TEXT NOT NULL,
    PRIMARY KEY (span, start, provider, model)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO ledger_spread_packed
  SELECT span, start, provider, model,
    COALESCE(group_concat(bucket || ':' || count, ' ') FILTER (WHERE measure = 'latency'), ''),
    COALESCE(group_concat(bucket || ':' || count, ' ') FILTER (WHERE measure = 'ttft'), ''),
    COALESCE(group_concat(bucket || ':' || count, ' ') FILTER (WHERE measure = 'gaps'), '')
  FROM ledger_spread GROUP BY 1, 2, 3, 4;
  DROP TABLE ledger_spread;
  ALTER TABLE ledger_spread_packed RENAME TO ledger_spread;
  `,
  `
  -- Rows whose kind hides a name: src/ledger/kinds.ts. Only these are found by their own names.
  CREATE INDEX ledger_row_other_model ON ledger_row (model, timestamp) WHERE kind < 0;
  CREATE INDEX ledger_row_other_agent ON ledger_row (agent_type, timestamp) WHERE kind < 0;
  CREATE INDEX ledger_row_other_project ON ledger_row (project_id, timestamp) WHERE kind < 0;
  -- The word that stands for hidden names stands for itself no longer.
  UPDATE ledger_row SET kind = -kind WHERE kind IN (SELECT id FROM ledger_kind WHERE 'other' IN (model, agent, project));
  UPDATE ledger_sum SET kind = -kind WHERE kind IN (SELECT id FROM ledger_kind WHERE 'other' IN (model, agent, project));
  UPDATE ledger_kind SET id = -id WHERE 'other' IN (model, agent, project);
  `,
  `
  -- Sums by minute as well, for a day and an hour: src/ledger/minute-sums.ts. Their span is -1.
  INSERT INTO ledger_sum (span, start, kind, kept, requests, failures, unpriced, cost_usd, input_tokens, output_tokens,
    cache_read_tokens, cache_write_tokens, latency_ms_sum, ttft_ms_sum, ttft_count, reasoning_tokens, web_searches,
    provider_ms_sum, gateway_ms_sum, stalls, flow_tokens, flow_ms)
  SELECT -1, timestamp / 60000, kind, COUNT(*), COUNT(*), COUNT(*) FILTER (WHERE status <> 'success'),
    COUNT(*) FILTER (WHERE usage_known = 1 AND cost_usd IS NULL), COALESCE(SUM(cost_usd), 0), SUM(input_tokens), SUM(output_tokens),
    SUM(cache_read_tokens), SUM(cache_write_tokens), SUM(latency_ms), COALESCE(SUM(ttft_ms), 0), COUNT(ttft_ms),
    SUM(reasoning_tokens), SUM(web_searches), SUM(provider_ms), SUM(gateway_ms), SUM(stalls),
    SUM(CASE WHEN status = 'success' AND usage_known = 1 AND gaps IS NOT NULL AND last_token_ms > ttft_ms THEN output_tokens ELSE 0 END),
    SUM(CASE WHEN status = 'success' AND usage_known = 1 AND gaps IS NOT NULL AND last_token_ms > ttft_ms THEN last_token_ms - ttft_ms ELSE 0.0 END)
  FROM ledger_row WHERE timestamp >= (SELECT MAX(timestamp) FROM ledger_row) - 90000000
  GROUP BY timestamp / 60000, kind;
  `,
  `
  -- Bodies of rows that came together: src/ledger/sqlite/bundle.ts. newest: the newest of their timestamps.
  CREATE TABLE ledger_bundle (
    id INTEGER PRIMARY KEY,
    newest INTEGER NOT NULL,
    content BLOB NOT NULL
  ) STRICT;
  CREATE INDEX ledger_bundle_newest ON ledger_bundle (newest);
  ALTER TABLE ledger_row ADD COLUMN bundle INTEGER;
  ALTER TABLE ledger_row ADD COLUMN bundle_place INTEGER;
  `,
  `
  -- Counts of a minute's rows were not told which of them had expired.
  UPDATE ledger_sum SET kept = (
    SELECT COUNT(*) FROM ledger_row
    WHERE ledger_row.kind = ledger_sum.kind AND timestamp >= start * 60000 AND timestamp < (start + 1) * 60000
  ) WHERE span = -1;
  `,
  'ALTER TABLE ledger_row ADD COLUMN request_headers TEXT',
  `
  -- The sums of each hour and each day over all kinds that are counted: reading them by kind takes long where there are many.
  CREATE TABLE ledger_total (
    span INTEGER NOT NULL,
    start INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    cost_usd REAL NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    latency_ms_sum REAL NOT NULL,
    ttft_ms_sum REAL NOT NULL,
    ttft_count INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL,
    web_searches INTEGER NOT NULL,
    provider_ms_sum REAL NOT NULL,
    gateway_ms_sum REAL NOT NULL,
    stalls INTEGER NOT NULL,
    flow_tokens INTEGER NOT NULL,
    flow_ms REAL NOT NULL,
    PRIMARY KEY (span, start)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO ledger_total (span, start,
    requests, failures, unpriced, cost_usd, input_tokens, output_tokens, cache_read_tokens,
    cache_write_tokens, latency_ms_sum, ttft_ms_sum, ttft_count, reasoning_tokens, web_searches,
    provider_ms_sum, gateway_ms_sum, stalls, flow_tokens, flow_ms)
  SELECT span, start,
    SUM(requests), SUM(failures), SUM(unpriced), SUM(cost_usd), SUM(input_tokens), SUM(output_tokens),
    SUM(cache_read_tokens), SUM(cache_write_tokens), SUM(latency_ms_sum), SUM(ttft_ms_sum), SUM(ttft_count),
    SUM(reasoning_tokens), SUM(web_searches), SUM(provider_ms_sum), SUM(gateway_ms_sum), SUM(stalls),
    SUM(flow_tokens), SUM(flow_ms)
  FROM ledger_sum JOIN ledger_kind ON ledger_kind.id = ledger_sum.kind
  WHERE span IN (1, 24) AND operation NOT IN ('count-tokens', 'forward')
  GROUP BY span, start;
  `,
];

/** How many steps were applied to the file. */
export function versionOf(database: Database): number {
  return database.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0;
}

/** Migrates the file to the newest version. Throws StoreBusy where the file is newer than this program. */
export function migrate(database: Database): void {
  const steps = database.transaction(() => {
    const found = versionOf(database);
    if (found > STEPS.length) {
      throw new StoreBusy(
        `the ledger was written by a newer Sluice (schema ${found}, this one knows ${STEPS.length}): ` +
          'upgrade Sluice here and restart it, or point SLUICE_HOME at another directory',
      );
    }
    for (const step of STEPS.slice(found)) database.run(step);
    if (found < STEPS.length) database.run(`PRAGMA user_version = ${STEPS.length}`);
  });
  // Immediate, so that of two processes that start together the second waits and finds the migration done.
  steps.immediate();
}
