// What the other processes are told of a running request, so that it has a row even if this process dies.
import type { Fleet } from '../fleet.ts';
import type { ExchangeRecord } from './record.ts';
import { cleanRoute } from './describe-row.ts';

/** Called again whenever more is known of it. */
export function reportBegun(fleet: Pick<Fleet, 'begun'> | undefined, record: ExchangeRecord): void {
  if (fleet === undefined || record.dialect === 'neutral') return;
  const { requestId, timestamp, dialect, operation, streamed, trace, attempts, redact } = record;
  const { requestedModel, agentType, projectId } = record;
  const target = record.target ?? record.route?.targets[0];
  const model = target?.model || null;
  const route = record.route?.decision ?? null;
  const begun = { requestId, timestamp, clientDialect: dialect, operation, streamed, trace, attempts };
  const provider = target?.provider.name ?? null;
  // All are checked at once, since there is hardly ever anything to remove.
  let together = `${requestedModel}\n${agentType}\n${projectId}\n${model}\n${route?.rule}\n${route?.why}`;
  for (const attempt of attempts) together += `\n${attempt.model}`;
  if (redact(together) === together) {
    fleet.begun({ ...begun, requestedModel, agentType, projectId, provider, model, route });
    return;
  }
  const clean = (name: string | null) => (name === null ? null : redact(name));
  fleet.begun({
    ...begun,
    requestedModel: clean(requestedModel),
    agentType: clean(agentType),
    projectId: clean(projectId),
    provider,
    model: clean(model),
    route: route && cleanRoute(route, redact),
    attempts: attempts.map((attempt) => ({ ...attempt, model: redact(attempt.model) })),
  });
}
