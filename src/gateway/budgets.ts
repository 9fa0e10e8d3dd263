// Enforces `costs.budgets`: counts what this process sees, and skips targets whose budget is used up. Where several
// processes serve, each reports what it has added to the primary, and learns what all have spent together.
import type { Budget } from '../config/resolved.ts';
import { type BudgetState, createBudgetBook, type Spent } from '../ledger/budgets/budget-book.ts';
import { formatSpentBudget, formatUsd } from '../ledger/budgets/format-budget.ts';
import { createSpendingReader } from '../ledger/budgets/read-spending.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Pricer } from '../ledger/prices/prices.ts';
import type { LedgerRow } from '../ledger/rows/row.ts';
import type { Target } from '../routing/targets.ts';
import type { SpentBudget } from './attempts/fallback.ts';
import type { Fleet } from './fleet.ts';
import type { GatewayHost } from './host.ts';
import type { ExchangeRecord } from './record/record.ts';
import { SAMPLE_USAGE } from './routing.ts';

/** Returns the used-up budget that forbids sending this request to the target, or null. */
export type BudgetGuard = (
  record: Pick<ExchangeRecord, 'agentType' | 'projectId' | 'operation' | 'redact'>,
  target: Target,
) => SpentBudget | null;

export interface Budgets {
  guard: BudgetGuard;
  /** Replaces the budgets in force, possibly by none; `price` is that of the same configuration. */
  configure(budgets: readonly Budget[], price: Pricer): void;
  /** Adds what a request that is still running has cost so far; its row later adds the rest. */
  countSoFar(record: ExchangeRecord): void;
  /** Counts a request that has ended. */
  see(row: LedgerRow): void;
  /** Adopts what all processes have spent together. */
  learn(spent: readonly Spent[]): void;
  /** Reports what was added here to the other processes now. */
  flush(): void;
  states(): BudgetState[];
  /** Why spending cannot be read from the ledger at the moment; null: it can, or nothing has to be read. */
  unread(): string | null;
  stop(): void;
}

interface BudgetsHost extends Pick<GatewayHost, 'now' | 'setTimer' | 'log'> {
  fleet?: Pick<Fleet, 'spent'> | undefined;
}

/** How long additions are collected before they are reported together. */
const REPORT_MS = 100;

export function createBudgets(
  { now, setTimer, log, fleet }: BudgetsHost,
  ledger: Pick<Ledger, 'store'> | null,
): Budgets {
  const book = createBudgetBook();
  const reader = ledger && createSpendingReader(book, ledger.store, { now, setTimer, log });
  let price: Pricer = () => null;
  let cancelReport: (() => void) | undefined;

  function report(): void {
    cancelReport?.();
    cancelReport = undefined;
    const added = book.takeAdded();
    if (added.length > 0) fleet?.spent(added);
  }

  function reportSoon(): void {
    if (fleet !== undefined) cancelReport ??= setTimer(report, REPORT_MS);
  }

  return {
    guard(record, { provider, model }) {
      if (book.isEmpty || record.operation === 'count-tokens') return null;
      const state = book.usedUp(spenderOf(record, provider.name, model), now());
      if (state === null || price(provider, model, SAMPLE_USAGE) === 0) return null;
      const budget = formatSpentBudget(state);
      return {
        words: `the budget of ${budget}${budget.includes(',') ? ',' : ''} is used up (${formatUsd(state.spentUsd)} spent)`,
        waitMs: Math.max(1_000, state.end - now()),
      };
    },
    configure(budgets, pricer) {
      price = pricer;
      book.configure(budgets);
      reader?.configured();
    },
    countSoFar(record) {
      const { target, seen, requestId, timestamp, operation } = record;
      if (book.isEmpty || target === null || seen === null) return;
      const costUsd = record.cost(target, seen);
      // If the model has no price any more, what was counted before was spent all the same.
      if (costUsd === null) return;
      const spender = spenderOf(record, target.provider.name, seen.model ?? target.model);
      const { usage, usageKnown } = seen;
      const row = { requestId, timestamp, operation, status: 'success', usage, usageKnown, costUsd } as const;
      book.addSoFar({ ...spender, ...row }, now());
      reportSoon();
    },
    see(row) {
      if (book.isEmpty) return;
      book.add(row, now());
      reportSoon();
    },
    learn: (spent) => book.adopt(spent, now()),
    flush: report,
    states: () => book.states(now()),
    unread: () => reader?.failure() ?? null,
    stop() {
      reader?.stop();
      report();
    },
  };
}

/** Spending is counted by the names in rows, which are redacted. */
function spenderOf(
  { agentType, projectId, redact }: Pick<ExchangeRecord, 'agentType' | 'projectId' | 'redact'>,
  provider: string,
  model: string,
) {
  const inRow = (name: string | null) => (name === null ? null : redact(name));
  return { agentType: inRow(agentType), projectId: inRow(projectId), provider, model };
}
