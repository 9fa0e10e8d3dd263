// The running requests, as the gateway's management shows them.
import type { RunningRequest, RunningRequests } from '../../management/streams.ts';
import { cancelledByOperator } from '../cancellation-errors.ts';
import type { GatewayHost } from '../host.ts';
import type { LiveView } from './view.ts';
import type { ExchangeRecord } from '../record/record.ts';

export function createRunningRequests(
  active: ReadonlySet<ExchangeRecord>,
  host: Pick<GatewayHost, 'now' | 'monotonic'>,
  live: LiveView,
): RunningRequests {
  return {
    list: () => [...active].map((record) => describeRunning(record, host)),
    cancel(requestId) {
      const record = [...active].find((candidate) => candidate.requestId === requestId);
      record?.cancel(cancelledByOperator());
      return record !== undefined;
    },
    watch: live.watch,
  };
}

function describeRunning(
  record: ExchangeRecord,
  host: Pick<GatewayHost, 'now' | 'monotonic'>,
): RunningRequest {
  const { seen, target, serving } = record;
  const clean = (name: string | null) => (name === null ? null : record.redact(name));
  const durationMs = host.monotonic() - record.startedAt;
  return {
    requestId: record.requestId,
    startedAt: host.now() - durationMs,
    state: serving ? 'answering' : 'waiting',
    streamed: record.streamed,
    dialect: record.dialect,
    requestedModel: clean(record.requestedModel),
    provider: target?.provider.name ?? null,
    model: clean((seen?.model ?? target?.model) || null),
    agentType: clean(record.agentType),
    projectId: clean(record.projectId),
    attempts: record.attempts.length,
    durationMs,
    ttftMs: seen?.firstContentAt == null ? null : seen.firstContentAt - record.startedAt,
  };
}
