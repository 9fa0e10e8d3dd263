// The speed of a stream.
import type { LedgerRow } from './rows/row.ts';

/** Output tokens over the time from the first content to the last; null where content did not come in pieces. */
export function tokensPerSecond(
  row: Pick<LedgerRow, 'timing' | 'ttftMs' | 'streamed' | 'usage'>,
): number | null {
  const { timing, ttftMs, streamed, usage } = row;
  const flowedMs = (timing.lastTokenMs ?? 0) - (ttftMs ?? 0);
  if (!streamed || timing.gaps === null || flowedMs <= 0) return null;
  return (usage.outputTokens * 1000) / flowedMs;
}
