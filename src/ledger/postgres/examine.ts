// Finds out whether a database can be the ledger, without leaving anything in it.
import { messageOf } from '../../model/thrown.ts';
import { createPostgresClient, placeOf } from './client.ts';
import { requireUsable } from './schema.ts';

export interface Examined {
  /** `host:port/database`. */
  place: string;
  /** What is wrong, where it is, and what to do; null where nothing is wrong. */
  failure: string | null;
}

export async function examinePostgres(url: string): Promise<Examined> {
  const place = placeOf(url);
  const client = createPostgresClient(url);
  const other = createPostgresClient(url);
  try {
    // Values make it a prepared statement. A pooler without sessions gives both the same connection, which then has it already.
    for (const { query } of [client, other]) await query('SELECT ?::integer', [1]);
    await client.transaction(async (query) => {
      await requireUsable(query);
      // This must also work at the start and for each month.
      await query('CREATE TABLE ledger_examined ()');
      await query('DROP TABLE ledger_examined');
    });
    return { place, failure: null };
  } catch (thrown) {
    return { place, failure: messageOf(thrown) };
  } finally {
    await Promise.all([client.close(), other.close()]);
  }
}
