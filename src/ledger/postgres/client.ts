// The connections to PostgreSQL: pooled, bounded in time, and silent about the credentials in the address.
import { SQL } from 'bun';
import type { SqlValue } from '../rows/row-columns.ts';
import { isReadOnly, postgresError } from '../store-errors.ts';
import { messageOf } from '../../model/thrown.ts';

/** Parameters are `?` in the text. Whole numbers come back as numbers, whatever their column's type. */
export type Query = <Row>(sql: string, values?: readonly SqlValue[]) => Promise<Row[]>;

export interface PostgresClient {
  query: Query;
  /** Runs `work` atomically. @param timeoutMs for work that may take the server longer than a usual statement. */
  transaction<Result>(work: (query: Query) => Promise<Result>, timeoutMs?: number): Promise<Result>;
  close(): Promise<void>;
}

/** One of them writes, the others read. */
const CONNECTIONS = 4;
const CONNECT_S = 5;
/** After this the server cancels a statement, or a transaction whose gateway has gone silent. */
const STATEMENT_MS = 15_000;
/** After this a silent server is given up, together with its connections. */
const SILENCE_MS = 20_000;
const CLOSE_S = 5;

/** Connects at the first query, and again after a failure. */
export function createPostgresClient(url: string): PostgresClient {
  let pool: SQL | null = null;

  const connect = (): SQL =>
    new SQL(url, {
      max: CONNECTIONS,
      connectionTimeout: CONNECT_S,
      bigint: true,
      connection: {
        application_name: 'sluice',
        statement_timeout: STATEMENT_MS,
        idle_in_transaction_session_timeout: STATEMENT_MS,
      },
    });

  const ask = async <Result>(
    work: (sql: SQL) => Promise<Result>,
    silenceMs = SILENCE_MS,
  ): Promise<Result> => {
    pool ??= connect();
    const asked = pool;
    const leave = (timeout: number): void => {
      if (pool === asked) pool = null;
      asked.close({ timeout }).catch(() => undefined);
    };
    const { promise: silence, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      leave(0);
      reject(new Error(`no answer within ${silenceMs / 1000} s`));
    }, silenceMs);
    try {
      return await Promise.race([work(asked), silence]);
    } catch (thrown) {
      // After a failover the host name may lead to another server: only new connections go there.
      if (isReadOnly(thrown)) leave(CLOSE_S);
      throw describe(thrown, url);
    } finally {
      clearTimeout(timer);
    }
  };

  const queryOn =
    (sql: SQL): Query =>
    async <Row>(text: string, values: readonly SqlValue[] = []): Promise<Row[]> => {
      const rows: Record<string, unknown>[] = await sql.unsafe(
        numbered(text),
        ...(values.length === 0 ? [] : [[...values]]),
      );
      // The caller knows the columns it selects.
      return rows.map(withNumbers) as Row[];
    };

  return {
    query: (text, values) => ask((sql) => queryOn(sql)(text, values)),
    transaction: (work, timeoutMs) =>
      ask(
        (sql) =>
          sql.begin(async (connection) => {
            const query = queryOn(connection);
            if (timeoutMs !== undefined) await query(`SET LOCAL statement_timeout = ${timeoutMs}`);
            return work(query);
          }),
        timeoutMs,
      ),
    async close() {
      const closing = pool;
      pool = null;
      await closing?.close({ timeout: CLOSE_S });
    },
  };
}

function numbered(sql: string): string {
  let count = 0;
  return sql.replaceAll('?', () => `$${++count}`);
}

function withNumbers(row: Record<string, unknown>): Record<string, unknown> {
  for (const [name, value] of Object.entries(row)) {
    // The ledger's counts stay below 2^53 (`storableRow`).
    if (typeof value === 'bigint') row[name] = Number(value);
  }
  return row;
}

/** Says what went wrong and where, without the secrets in the address. */
function describe(thrown: unknown, url: string): Error {
  const { password, searchParams } = new URL(url);
  let message = messageOf(thrown);
  // Bun names neither the file nor the setting.
  if (/\bCA ?file\b/i.test(message)) message = `sslrootcert=${searchParams.get('sslrootcert')}: ${message}`;
  for (const secret of [url, password, decodeURIComponent(password)]) {
    if (secret !== '') message = message.replaceAll(secret, '***');
  }
  return postgresError(placeOf(url), thrown, message);
}

/** The parts of the address that are no secret. */
export function placeOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port || 5432}${pathname}`;
}
