// Kinds: what requests have in common by which sums and filters go. Each combination of these names is kept once, and
// rows and sums have its number: both stay small, and any filter becomes a set of numbers.
import type { RowOperation } from './row.ts';
import type { AuditFilter } from './store.ts';
import { kindNamesOf, type RowValues, type SqlValue } from './row-columns.ts';

/** In the order of `kindNamesOf`; '' stands for no name. */
export const KIND_COLUMNS = 'provider, model, agent, project, operation, status';

/**
 * Token counts are not in the sums: clients ask for many, each free and over in no time, and would hide how the
 * answers themselves fare.
 */
export const COUNTED = `operation <> '${'count-tokens' satisfies RowOperation}'`;

/** More than are asked for at any one time; beyond it they are looked up anew. */
const MAX_REMEMBERED = 10_000;

/** The numbers of kinds that a store has given or found. */
export interface KindNumbers {
  /** @param row as the store keeps it. */
  numberOf(row: RowValues): number | undefined;
  remember(names: readonly SqlValue[], number: number): void;
  /** After a transaction that did not come to its end: the numbers that it gave stand for nothing. */
  forget(): void;
}

export function createKindNumbers(): KindNumbers {
  const numbers = new Map<string, number>();
  return {
    numberOf: (row) => numbers.get(keyOf(kindNamesOf(row))),
    remember(names, number) {
      if (numbers.size >= MAX_REMEMBERED) numbers.clear();
      numbers.set(keyOf(names), number);
    },
    forget: () => numbers.clear(),
  };
}

function keyOf(names: readonly SqlValue[]): string {
  return names.join('\n');
}

/** For WHERE on what has a kind. */
export interface KindFilter {
  sql: string;
  values: SqlValue[];
}

/** The kinds that a filter is for; null: all. */
export function kindsOfFilter(filter: AuditFilter): KindFilter | null {
  const terms: string[] = [];
  const values: SqlValue[] = [];
  const add = (term: string, value: SqlValue | undefined): void => {
    if (value === undefined) return;
    terms.push(term);
    values.push(value);
  };
  add('provider = ?', filter.provider);
  add('model = ?', filter.model);
  add('agent = ?', filter.agentType);
  add('project = ?', filter.projectId);
  add('operation = ?', filter.operation);
  add('status = ?', filter.status);
  if (filter.success === true) terms.push("status = 'success'");
  if (filter.success === false) terms.push("status <> 'success'");
  if (terms.length === 0) return null;
  return { sql: `kind IN (SELECT id FROM ledger_kind WHERE ${terms.join(' AND ')})`, values };
}
