// Rows of a busy gateway for the benchmark of its ledger: one a second, over 40 models, 12 projects and 3 agents.
import type { LedgerRow, RowStatus } from '../../src/ledger/rows/row.ts';
import { sampleRow } from '../../test/support/ledger-rows.ts';

export const SECOND_MS = 1000;

/** One request in this many is for a rare model, for which a page may search in vain. */
const RARE_EVERY = 20_000;

/** `at`: its time, Unix ms. What it is about depends on `index` alone. */
export function rowAt(index: number, at: number): LedgerRow {
  const chance = scramble(index);
  const project = (chance & 0xff) % 12;
  const model = (project * 3 + ((chance >>> 8) % 4)) % 40;
  const agent = (chance >>> 12) % 4;
  return sampleRow({
    requestId: Bun.randomUUIDv7('hex', at),
    timestamp: at,
    provider: `provider-${model % 5}`,
    model: index % RARE_EVERY === 77 ? 'model-rare' : `model-${model}`,
    agentType: agent === 3 ? null : `agent-${agent}`,
    projectId: `project-${project}`,
    status: statusOf((chance >>> 16) % 1000),
    latencyMs: 100 + ((index * 7919) % 5000),
    ttftMs: 50 + ((index * 104_729) % 900),
  });
}

function statusOf(perMille: number): RowStatus {
  if (perMille < 950) return 'success';
  if (perMille < 980) return 'error';
  return perMille < 995 ? 'aborted' : 'truncated';
}

/** A number of 32 bits in which each bit depends on all of `index`. */
function scramble(index: number): number {
  let bits = (index + 1) * 0x9e3779b1;
  bits = Math.imul(bits ^ (bits >>> 15), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
