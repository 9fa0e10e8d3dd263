// What the other processes are told of a running request, so that it has a row even if this process dies.
import type { Fleet } from '../fleet.ts';
import { cleanNames } from './clean-names.ts';
import type { ExchangeRecord } from './record.ts';

/** Called again whenever more is known of it. */
export function reportBegun(fleet: Pick<Fleet, 'begun'> | undefined, record: ExchangeRecord): void {
  if (fleet === undefined || record.dialect === 'neutral') return;
  const { requestId, timestamp, dialect, operation, streamed, trace, attempts, redact } = record;
  const { requestedModel, agentType, projectId } = record;
  const target = record.target ?? record.route?.targets[0];
  const model = target?.model || null;
  const route = record.route?.decision ?? null;
  const provider = target?.provider.name ?? null;
  const known = { agentType, projectId, model, requestedModel, route, attempts };
  // Its ending and its losses are not known yet.
  const names = cleanNames({ ...known, finishReason: null, lost: [] }, redact);
  fleet.begun({
    requestId,
    timestamp,
    clientDialect: dialect,
    operation,
    streamed,
    trace,
    provider,
    ...names,
  });
}
