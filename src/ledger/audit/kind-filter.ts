// An audit filter in terms of kinds: the kinds whose rows all match, and those whose rows must be checked one by one.
import { OTHER } from '../kinds.ts';
import type { SqlValue } from '../rows/row-columns.ts';
import type { AuditFilter } from '../store.ts';

/** A condition for WHERE. */
export interface Condition {
  sql: string;
  values: SqlValue[];
}

/** How a store finds the rows whose kind is among those that a SELECT returns. */
export type AmongKinds = (select: string) => string;

export const inKinds: AmongKinds = (select) => `kind IN (${select})`;

/** A condition for the kinds whose rows all match; null where all kinds do. */
export function kindsOfFilter(filter: AuditFilter, among: AmongKinds): Condition | null {
  const terms = [...fixedTerms(filter), ...freeNames(filter).map(isNamed)];
  return terms.length === 0 ? null : kindsWhere(terms, among);
}

/**
 * A condition for rows with a name of the filter that their kind hides. Null where the filter has no name that a kind
 * can hide.
 */
export function hiddenOfFilter(filter: AuditFilter): Condition | null {
  const names = freeNames(filter);
  if (names.length === 0) return null;
  const mayBe = names.map(({ kind, name }) => ({
    sql: `(${kind} = ? OR ${kind} = '${OTHER}')`,
    values: [name],
  }));
  const named = allOf(names.map(isNamed));
  const kinds = kindsWhere(
    [...fixedTerms(filter), ...mayBe, { sql: `NOT (${named.sql})`, values: named.values }],
    inKinds,
  );
  // The first term allows the index of such rows to be used.
  return allOf([
    { sql: 'kind < 0', values: [] },
    ...names.map(({ row, name }) => ({ sql: `${row} = ?`, values: [name] })),
    kinds,
  ]);
}

interface FreeName {
  /** Its columns. */
  kind: string;
  row: string;
  name: string;
}

/** Names that clients choose, so that a kind may hide them. */
function freeNames({ model, agentType, projectId }: AuditFilter): FreeName[] {
  const columns = [
    { kind: 'model', row: 'model', name: model },
    { kind: 'agent', row: 'agent_type', name: agentType },
    { kind: 'project', row: 'project_id', name: projectId },
  ];
  return columns.flatMap(({ name, ...place }) => (name === undefined ? [] : [{ ...place, name }]));
}

function isNamed({ kind, name }: FreeName): Condition {
  return name === OTHER ? { sql: '1 = 0', values: [] } : { sql: `${kind} = ?`, values: [name] };
}

function fixedTerms({ provider, operation, status, success }: AuditFilter): Condition[] {
  const terms: Condition[] = [];
  if (provider !== undefined) terms.push({ sql: 'provider = ?', values: [provider] });
  if (operation !== undefined) terms.push({ sql: 'operation = ?', values: [operation] });
  if (status !== undefined) terms.push({ sql: 'status = ?', values: [status] });
  if (success !== undefined) terms.push({ sql: `status ${success ? '=' : '<>'} 'success'`, values: [] });
  return terms;
}

function kindsWhere(terms: readonly Condition[], among: AmongKinds): Condition {
  const { sql, values } = allOf(terms);
  return { sql: among(`SELECT id FROM ledger_kind WHERE ${sql}`), values };
}

function allOf(terms: readonly Condition[]): Condition {
  return { sql: terms.map(({ sql }) => sql).join(' AND '), values: terms.flatMap(({ values }) => values) };
}
