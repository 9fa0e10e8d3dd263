// The PostgreSQL schema of the ledger and its history: `ledger_schema` counts the steps a database has taken.
import { StoreBusy } from '../store-busy.ts';
import { OTHER_ENCODING } from '../store-errors.ts';
import type { PostgresClient, Query } from './client.ts';

/** Held to change the schema or its partitions; whoever needs both locks takes it before WRITER_LOCK. */
export const SCHEMA_LOCK = 7_583_001;
/** Held to change the sums, since all gateways add to the same ones, and to migrate. */
export const WRITER_LOCK = 7_583_002;

/**
 * Step n brings a database from version n to n + 1. Released steps never change. Rows have the same columns
 * as in SQLite.
 */
export const STEPS: readonly string[] = [
  `
  CREATE SEQUENCE ledger_row_id;

  -- One partition a month. A request id comes with one timestamp, so the two are unique where the id is.
  CREATE TABLE ledger_row (
    id BIGINT NOT NULL DEFAULT nextval('ledger_row_id'),
    request_id TEXT NOT NULL,
    timestamp BIGINT NOT NULL,
    agent_type TEXT,
    project_id TEXT,
    operation TEXT NOT NULL,
    client_dialect TEXT NOT NULL,
    provider TEXT,
    model TEXT,
    requested_model TEXT,
    status TEXT NOT NULL,
    http_status INTEGER NOT NULL,
    streamed SMALLINT NOT NULL,
    latency_ms DOUBLE PRECISION NOT NULL,
    ttft_ms DOUBLE PRECISION,
    overhead_ms DOUBLE PRECISION,
    queued_ms DOUBLE PRECISION,
    connect_ms DOUBLE PRECISION,
    last_token_ms DOUBLE PRECISION,
    provider_ms DOUBLE PRECISION NOT NULL,
    client_ms DOUBLE PRECISION NOT NULL,
    back_off_ms DOUBLE PRECISION NOT NULL,
    gateway_ms DOUBLE PRECISION NOT NULL,
    stalls BIGINT NOT NULL,
    longest_gap_ms DOUBLE PRECISION,
    gap_p50_ms DOUBLE PRECISION,
    gap_p99_ms DOUBLE PRECISION,
    gaps TEXT,
    gaps_ms DOUBLE PRECISION NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cache_read_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    cache_write_1h_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    web_searches BIGINT NOT NULL,
    audio_input_tokens BIGINT NOT NULL,
    audio_output_tokens BIGINT NOT NULL,
    usage_known SMALLINT NOT NULL,
    cost_usd DOUBLE PRECISION,
    finish_reason TEXT,
    route TEXT,
    attempts TEXT NOT NULL,
    lost TEXT NOT NULL,
    malformed_events BIGINT NOT NULL,
    error_code TEXT,
    error_message TEXT,
    PRIMARY KEY (request_id, timestamp)
  ) PARTITION BY RANGE (timestamp);

  CREATE INDEX ledger_row_time ON ledger_row (timestamp, id);
  CREATE INDEX ledger_row_provider ON ledger_row (provider, timestamp);
  CREATE INDEX ledger_row_model ON ledger_row (model, timestamp);
  CREATE INDEX ledger_row_status ON ledger_row (status, timestamp);
  CREATE INDEX ledger_row_agent ON ledger_row (agent_type, timestamp) WHERE agent_type IS NOT NULL;
  CREATE INDEX ledger_row_project ON ledger_row (project_id, timestamp) WHERE project_id IS NOT NULL;

  -- Bodies live apart: a list never reads past them. They go with the month of their row.
  CREATE TABLE ledger_body (
    row_id BIGINT NOT NULL,
    timestamp BIGINT NOT NULL,
    request_body TEXT,
    response_body TEXT,
    PRIMARY KEY (row_id, timestamp)
  ) PARTITION BY RANGE (timestamp);

  -- Sums per span of time and name; '' stands for "no name". Outlives the rows it was counted from.
  -- span: hours it lasts, 0 for all time; start: how many of them since 1970.
  CREATE TABLE ledger_sum (
    span INTEGER NOT NULL,
    start INTEGER NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    agent TEXT NOT NULL,
    project TEXT NOT NULL,
    requests BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    unpriced BIGINT NOT NULL,
    cost_usd DOUBLE PRECISION NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cache_read_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    latency_ms_sum DOUBLE PRECISION NOT NULL,
    ttft_ms_sum DOUBLE PRECISION NOT NULL,
    ttft_count BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    web_searches BIGINT NOT NULL,
    provider_ms_sum DOUBLE PRECISION NOT NULL,
    gateway_ms_sum DOUBLE PRECISION NOT NULL,
    stalls BIGINT NOT NULL,
    flow_tokens BIGINT NOT NULL,
    flow_ms DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (span, start, provider, model, agent, project)
  );

  -- How many requests (or gaps in their streams) took how long: buckets of src/model/histogram.ts.
  CREATE TABLE ledger_spread (
    span INTEGER NOT NULL,
    start INTEGER NOT NULL,
    measure TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (span, start, provider, model, measure, bucket)
  );
  `,
  'ALTER TABLE ledger_row ADD COLUMN trace TEXT',
  "ALTER TABLE ledger_row ADD COLUMN transformers TEXT NOT NULL DEFAULT '[]'",
  `
  -- How many rows each month has, so that all of them need not be counted: month since 1970.
  CREATE TABLE ledger_month (month INTEGER PRIMARY KEY, rows BIGINT NOT NULL);
  INSERT INTO ledger_month
  SELECT ((EXTRACT(YEAR FROM to_timestamp(timestamp / 1000.0) AT TIME ZONE 'UTC') - 1970) * 12 +
    EXTRACT(MONTH FROM to_timestamp(timestamp / 1000.0) AT TIME ZONE 'UTC') - 1)::INTEGER, COUNT(*) FROM ledger_row GROUP BY 1;

  -- Zstandard of UTF-8, in place of the text that older rows have.
  ALTER TABLE ledger_body ADD COLUMN request_zstd BYTEA;
  ALTER TABLE ledger_body ADD COLUMN response_zstd BYTEA;

  -- Binary parts of bodies, each once: a body has a reference by hash. last_used: timestamp of the newest row.
  CREATE TABLE ledger_binary (
    hash TEXT PRIMARY KEY,
    media_type TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    content BYTEA NOT NULL,
    last_used BIGINT NOT NULL
  );
  ALTER TABLE ledger_binary ALTER COLUMN content SET STORAGE EXTERNAL;
  CREATE INDEX ledger_binary_used ON ledger_binary (last_used);
  `,
  `
  -- Kinds: src/ledger/kinds.ts. '' stands for "no name", and for what sums of before did not tell apart.
  CREATE TABLE ledger_kind (
    id INTEGER PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    agent TEXT NOT NULL,
    project TEXT NOT NULL,
    operation TEXT NOT NULL,
    status TEXT NOT NULL,
    UNIQUE (provider, model, agent, project, operation, status)
  );
  INSERT INTO ledger_kind (provider, model, agent, project, operation, status)
  SELECT DISTINCT provider, model, agent, project, '', '' FROM ledger_sum;
  INSERT INTO ledger_kind (provider, model, agent, project, operation, status)
  SELECT DISTINCT COALESCE(provider, ''), COALESCE(model, ''), COALESCE(agent_type, ''), COALESCE(project_id, ''),
    operation, status
  FROM ledger_row;

  -- Two indexes serve every filter, and cost less than one for each name.
  DROP INDEX ledger_row_provider;
  DROP INDEX ledger_row_model;
  DROP INDEX ledger_row_status;
  DROP INDEX ledger_row_agent;
  DROP INDEX ledger_row_project;
  ALTER TABLE ledger_row ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
  UPDATE ledger_row SET kind = kinds.id FROM ledger_kind AS kinds
  WHERE kinds.provider = COALESCE(ledger_row.provider, '') AND kinds.model = COALESCE(ledger_row.model, '')
    AND kinds.agent = COALESCE(agent_type, '') AND kinds.project = COALESCE(project_id, '')
    AND kinds.operation = ledger_row.operation AND kinds.status = ledger_row.status;
  CREATE INDEX ledger_row_kind ON ledger_row (kind, timestamp);

  -- Sums by kind. kept: how many of the rows are there; the sums outlive them.
  CREATE TABLE ledger_sum_by_kind (
    span INTEGER NOT NULL,
    start INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    kept BIGINT NOT NULL,
    requests BIGINT NOT NULL DEFAULT 0,
    failures BIGINT NOT NULL DEFAULT 0,
    unpriced BIGINT NOT NULL DEFAULT 0,
    cost_usd DOUBLE PRECISION NOT NULL DEFAULT 0,
    input_tokens BIGINT NOT NULL DEFAULT 0,
    output_tokens BIGINT NOT NULL DEFAULT 0,
    cache_read_tokens BIGINT NOT NULL DEFAULT 0,
    cache_write_tokens BIGINT NOT NULL DEFAULT 0,
    latency_ms_sum DOUBLE PRECISION NOT NULL DEFAULT 0,
    ttft_ms_sum DOUBLE PRECISION NOT NULL DEFAULT 0,
    ttft_count BIGINT NOT NULL DEFAULT 0,
    reasoning_tokens BIGINT NOT NULL DEFAULT 0,
    web_searches BIGINT NOT NULL DEFAULT 0,
    provider_ms_sum DOUBLE PRECISION NOT NULL DEFAULT 0,
    gateway_ms_sum DOUBLE PRECISION NOT NULL DEFAULT 0,
    stalls BIGINT NOT NULL DEFAULT 0,
    flow_tokens BIGINT NOT NULL DEFAULT 0,
    flow_ms DOUBLE PRECISION NOT NULL DEFAULT 0,
    PRIMARY KEY (span, start, kind)
  );
  INSERT INTO ledger_sum_by_kind
  SELECT span, start, kinds.id, 0, requests, failures, unpriced, cost_usd, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
    latency_ms_sum, ttft_ms_sum, ttft_count, reasoning_tokens, web_searches, provider_ms_sum, gateway_ms_sum, stalls,
    flow_tokens, flow_ms
  FROM ledger_sum JOIN ledger_kind AS kinds USING (provider, model, agent, project)
  WHERE operation = '' AND status = '';
  INSERT INTO ledger_sum_by_kind (span, start, kind, kept)
  SELECT span, CASE span WHEN 0 THEN 0 ELSE timestamp / (span * 3600000) END, kind, COUNT(*)
  FROM ledger_row, (VALUES (0), (1), (24)) AS spans (span)
  GROUP BY 1, 2, 3;
  DROP TABLE ledger_sum;
  ALTER TABLE ledger_sum_by_kind RENAME TO ledger_sum;
  DROP TABLE ledger_month;
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
  );
  INSERT INTO ledger_spread_packed
  SELECT span, start, provider, model,
    COALESCE(string_agg(bucket || ':' || count, ' ') FILTER (WHERE measure = 'latency'), ''),
    COALESCE(string_agg(bucket || ':' || count, ' ') FILTER (WHERE measure = 'ttft'), ''),
    COALESCE(string_agg(bucket || ':' || count, ' ') FILTER (WHERE measure = 'gaps'), '')
  FROM ledger_spread GROUP BY 1, 2, 3, 4;
  DROP TABLE ledger_spread;
  ALTER TABLE ledger_spread_packed RENAME TO ledger_spread;
  `,
  `
  ALTER TABLE ledger_kind ALTER COLUMN id DROP IDENTITY;
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
  -- Each span's sums lie together: minutes are many, and an hour's would be spread over the pages between them.
  ALTER TABLE ledger_sum RENAME TO ledger_sum_mixed;
  CREATE TABLE ledger_sum (LIKE ledger_sum_mixed INCLUDING DEFAULTS, PRIMARY KEY (span, start, kind)) PARTITION BY LIST (span);
  CREATE TABLE ledger_sum_all PARTITION OF ledger_sum FOR VALUES IN (0);
  CREATE TABLE ledger_sum_minute PARTITION OF ledger_sum FOR VALUES IN (-1);
  CREATE TABLE ledger_sum_hour PARTITION OF ledger_sum FOR VALUES IN (1);
  CREATE TABLE ledger_sum_day PARTITION OF ledger_sum FOR VALUES IN (24);
  INSERT INTO ledger_sum SELECT * FROM ledger_sum_mixed ORDER BY span, start, kind;
  DROP TABLE ledger_sum_mixed;
  `,
  `
  -- Counts of a minute's rows were not told which of them had expired.
  UPDATE ledger_sum SET kept = (
    SELECT COUNT(*) FROM ledger_row
    WHERE ledger_row.kind = ledger_sum.kind AND timestamp >= start * 60000::BIGINT AND timestamp < (start + 1) * 60000::BIGINT
  ) WHERE span = -1;
  `,
  'ALTER TABLE ledger_row ADD COLUMN request_headers TEXT',
  `
  -- The sums of each hour and each day over all kinds that are counted: reading them by kind takes long where there are many.
  CREATE TABLE ledger_total (
    span INTEGER NOT NULL,
    start INTEGER NOT NULL,
    requests BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    unpriced BIGINT NOT NULL,
    cost_usd DOUBLE PRECISION NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cache_read_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    latency_ms_sum DOUBLE PRECISION NOT NULL,
    ttft_ms_sum DOUBLE PRECISION NOT NULL,
    ttft_count BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    web_searches BIGINT NOT NULL,
    provider_ms_sum DOUBLE PRECISION NOT NULL,
    gateway_ms_sum DOUBLE PRECISION NOT NULL,
    stalls BIGINT NOT NULL,
    flow_tokens BIGINT NOT NULL,
    flow_ms DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (span, start)
  );
  INSERT INTO ledger_total (span, start,
    requests, failures, unpriced, cost_usd, input_tokens, output_tokens, cache_read_tokens,
    cache_write_tokens, latency_ms_sum, ttft_ms_sum, ttft_count, reasoning_tokens, web_searches,
    provider_ms_sum, gateway_ms_sum, stalls, flow_tokens, flow_ms)
  SELECT span, start,
    CAST(SUM(requests) AS BIGINT), CAST(SUM(failures) AS BIGINT), CAST(SUM(unpriced) AS BIGINT),
    SUM(cost_usd), CAST(SUM(input_tokens) AS BIGINT), CAST(SUM(output_tokens) AS BIGINT),
    CAST(SUM(cache_read_tokens) AS BIGINT), CAST(SUM(cache_write_tokens) AS BIGINT), SUM(latency_ms_sum),
    SUM(ttft_ms_sum), CAST(SUM(ttft_count) AS BIGINT), CAST(SUM(reasoning_tokens) AS BIGINT),
    CAST(SUM(web_searches) AS BIGINT), SUM(provider_ms_sum), SUM(gateway_ms_sum), CAST(SUM(stalls) AS BIGINT),
    CAST(SUM(flow_tokens) AS BIGINT), SUM(flow_ms)
  FROM ledger_sum JOIN ledger_kind ON ledger_kind.id = ledger_sum.kind
  WHERE span IN (1, 24) AND operation NOT IN ('count-tokens', 'forward')
  GROUP BY span, start;
  `,
];

/** Long, because a step may have to rewrite every row. */
const STATEMENT_TIMEOUT_MS = 1_800_000;

/**
 * Brings the database to the newest version. Throws StoreBusy where it is newer than this program.
 * @param begins called when there is something to do, or to wait for, that may take long.
 */
export async function migrate(client: PostgresClient, begins: () => void): Promise<void> {
  // Usually there is nothing to do. A query within the migration may be answered after half an hour, or never if the server is lost
  // meanwhile; this one is given up as soon as any other statement.
  if ((await foundVersion(client.query)) === STEPS.length) return;
  begins();
  await client.transaction(async (query) => {
    // Where several gateways start together, the others wait and find the work done.
    await query(`SELECT pg_advisory_xact_lock(${SCHEMA_LOCK})`);
    await query('CREATE TABLE IF NOT EXISTS ledger_schema (version INTEGER NOT NULL)');
    const found = await foundVersion(query);
    const version = found ?? 0;
    if (version > STEPS.length) throw newerSchema(version);
    if (version === STEPS.length) return;
    // A gateway that is writing finishes its batch first, and none begins another, which would continue in the tables of both versions.
    await query(`SELECT pg_advisory_xact_lock(${WRITER_LOCK})`);
    if (found === undefined) await requireAnyLanguage(query);
    for (const step of STEPS.slice(version)) await query(step);
    if (found === undefined) await query('INSERT INTO ledger_schema VALUES (?)', [STEPS.length]);
    else await query('UPDATE ledger_schema SET version = ?', [STEPS.length]);
  }, STATEMENT_TIMEOUT_MS);
}

/** Throws where the database cannot be brought to the newest version, or is beyond it. */
export async function requireUsable(query: Query): Promise<void> {
  const found = await foundVersion(query);
  if (found === undefined) return requireAnyLanguage(query);
  if (found > STEPS.length) throw newerSchema(found);
}

/** Returns undefined where there is no ledger yet. */
async function foundVersion(query: Query): Promise<number | undefined> {
  const [table] = await query<{ name: string | null }>("SELECT to_regclass('ledger_schema')::text AS name");
  if (table?.name == null) return undefined;
  return (await query<{ version: number }>('SELECT version FROM ledger_schema'))[0]?.version;
}

/** @param version the database's version. */
function newerSchema(version: number): StoreBusy {
  return new StoreBusy(
    `the ledger was written by a newer Sluice (schema ${version}, this one knows ${STEPS.length}): ` +
      'upgrade Sluice here and restart it, or name another database in audit.store',
  );
}

/** Other encodings cover only some languages: a row with any other letters could never be written. */
async function requireAnyLanguage(query: Query): Promise<void> {
  const [shown] = await query<{ server_encoding: string }>('SHOW server_encoding');
  const encoding = shown?.server_encoding ?? 'UTF8';
  // SQL_ASCII accepts any bytes.
  if (encoding !== 'UTF8' && encoding !== 'SQL_ASCII')
    throw new Error(`its encoding is ${encoding}, which cannot write every language: ${OTHER_ENCODING}`);
}
