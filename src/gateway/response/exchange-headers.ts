// The gateway's own headers of a response: who served, after how many attempts, and what was lost.
import { headerText } from '../../model/headers.ts';
import type { AnswerHeaders } from '../../upstream/headers.ts';
import type { ExchangeRecord } from '../record/record.ts';
import type { Recipient } from './recipient.ts';
import { setRequestId } from './request-id.ts';

/** Sets the gateway's own response headers; those about a target are left out where none was asked. */
export function setExchangeHeaders(
  headers: AnswerHeaders,
  exchange: Recipient & { record: ExchangeRecord },
  servedModel: string | null,
): void {
  const { record } = exchange;
  setRequestId(headers, exchange, record.requestId);
  headers['x-sluice-attempts'] = String(countCalls(record));
  if (record.target !== null) {
    headers['x-sluice-provider'] = record.target.provider.name;
    const model = servedModel ?? record.target.model;
    // A forwarded request may name no model.
    if (model !== '') headers['x-sluice-model'] = headerText(model);
  }
  if (record.overheadMs !== null) headers['x-sluice-overhead-ms'] = record.overheadMs.toFixed(2);
  if (record.losses.length === 0) return;
  const lost = new Set(
    record.losses.filter(({ outcome }) => outcome === 'lost').map(({ feature }) => feature),
  );
  if (lost.size > 0) headers['x-sluice-lost'] = headerText([...lost].join(', '));
}

function countCalls({ attempts }: ExchangeRecord): number {
  let count = 0;
  for (const { skipped } of attempts) if (skipped === undefined) count++;
  return count;
}
