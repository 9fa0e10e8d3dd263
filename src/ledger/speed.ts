// The speed of a stream.
import type { LedgerRow } from './rows/row.ts';

/**
 * Output tokens over the time from the first content to the last. Null where content did not come in pieces, and where its
 * tokens are not known: providers report them at the end, which a stream that broke off or was left never reached.
 */
export function tokensPerSecond(
  row: Pick<LedgerRow, 'timing' | 'ttftMs' | 'streamed' | 'status' | 'usage' | 'usageKnown'>,
): number | null {
  const { timing, ttftMs, streamed, status, usage, usageKnown } = row;
  const flowedMs = (timing.lastTokenMs ?? 0) - (ttftMs ?? 0);
  if (status !== 'success' || !usageKnown) return null;
  if (!streamed || timing.gaps === null || flowedMs <= 0) return null;
  return (usage.outputTokens * 1000) / flowedMs;
}
